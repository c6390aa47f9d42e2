"""Calls every method of wazzup-pysdk that belongs to Wazzup API v3, as a CRM would, and parses each answer with the
client's own models.

Standard input: one JSON object with `base`, `key`, and what there is in the account. Standard output: one JSON object:
the methods offered, used and left out, with the reason, and what went wrong.
"""

import asyncio
import inspect
import json
import sys

from covered import Counted, counted_client, offered
from wazzup_client import (WazzupAPIError, WazzupClient, WazzupLegacyClient, WazzupPublicClient, paginate, paginate_async)
from wazzup_client.client import ResourceList
from wazzup_client.public import schemas as models

WRONG = []

# These call Wazzup's API for partners, at another address (`tech.wazzup24.com`): no part of API v3.
FOR_PARTNERS = {
    "legacy": ("create_account", "get_account_settings", "update_account_settings", "assign_user_to_channel",
               "assign_users_to_channel", "remove_user_from_channel", "get_user_channel_roles", "test_webhook",
               "get_channel_info", "create_channel", "reinit_channel", "generate_channel_link", "delete_channel",
               "get_balance", "increase_balance"),
    "client.accounts": ("create", "get_settings", "settings", "update_settings", "balance", "get_balance", "user_roles"),
    "client.channels": ("info", "create", "update", "reinitialize", "delete", "generate_link", "assign_user",
                        "assign_users", "remove_user"),
    "client.webhooks": ("test",),
}
# These cannot work with any server: the method, its error, and why, with the line of the client's source.
BROKEN = {
    "client.contacts.update": (TypeError, "client.py:125 passes `id`, and `update_contact` has `contact_id`"),
    "client.deals.update": (TypeError, "client.py:125 passes `id`, and `update_deal` has `deal_id`"),
    "client.pipelines.update": (TypeError, "client.py:125 passes `id`, and `update_pipeline` has `pipeline_id`"),
    "client.pipelines.get": (AttributeError, "client.py:55: there is no `get_pipeline`"),
    "client.pipelines.delete": (AttributeError, "client.py:55: there is no `delete_pipeline`"),
    "client.channels.get": (AttributeError, "client.py:55: there is no `get_channel`"),
}


def check(what, fine, shown=""):
    if not fine:
        WRONG.append(f"{what}: {shown}")


def same(what, got, expected):
    check(what, got == expected, f"{got!r} is not {expected!r}")


async def refused(what, call, status, code, category, data=None):
    """The call must fail with Wazzup's code, in the category under which the client files it."""
    try:
        answer = await call
    except WazzupAPIError as error:
        same(what, (error.status_code, error.error, error.category), (status, code, category))
        check(what, error.description, "no description")
        if data is not None:
            same(what, error.data, data)
        return
    check(what, False, f"answered {answer!r}")


async def fails_by_itself(what, call, kind):
    """A fault of the client's own: it fails before any request."""
    try:
        answer = await call
    except kind:
        return
    check(what, False, f"works by now, with {answer!r}: call it")


def user(id, **more):
    return {"id": id, "name": f"Вера {id}", **more}


def contact(id, **more):
    point = {"chatType": "telegram", "chatId": f"{ord(id[3])}{id[-3:]}", "username": "marina", "phone": "79011118800"}
    return {"id": id, "responsibleUserId": "py-u1", "name": "Марина", "contactData": [point],
            "uri": f"https://crm.example.com/contacts/{id}", **more}


def deal(id, **more):
    return {"id": id, "responsibleUserId": "py-u1", "name": "Мазда 3", "contacts": ["py-c001"],
            "uri": f"https://crm.example.com/deals/{id}", **more}


def own(items, model, key="id"):
    """The entities of this driver in a list, by id, each read by the client's model."""
    read = [model.model_validate(item) for item in items]
    return {getattr(item, key): item for item in read if getattr(item, key).startswith("py-")}


class Methods:
    def __init__(self, settings):
        self.given = settings
        # Contacts that the account has without this driver.
        self.others = 0
        self.public_raw = WazzupPublicClient(settings["base"], settings["key"])
        self.public = Counted("public", self.public_raw)
        self.legacy_raw = WazzupLegacyClient(settings["key"], public_base_url=settings["base"])
        self.legacy = Counted("legacy", self.legacy_raw)
        self.client_raw = WazzupClient(settings["key"], public_base_url=settings["base"])
        self.client = counted_client(self.client_raw)

    async def run(self):
        for part in (self.channels, self.unanswered, self.users, self.contacts, self.pages, self.deals, self.pipelines,
                     self.messages, self.webhooks, self.chat_window, self.faults):
            await part()
        await self.public.close()
        await self.legacy.close()
        await self.client.close()

    async def channels(self):
        listed = {item.channelId: item for item in map(models.ChannelItem.model_validate, await self.public.get_channels())}
        for transport, channel in self.given["channels"].items():
            found = listed.get(channel["id"])
            same(f"channel {transport}", found and (found.transport, found.state), (transport, "active"))
        check("plainId", listed[self.given["channels"]["whatsapp"]["id"]].plainId, listed)
        same("legacy channels", len(await self.legacy.list_channels()), len(listed))
        typed = await self.client.channels.list()
        check("typed channels", isinstance(typed, ResourceList) and isinstance(typed[0], models.ChannelItem), typed)
        same("count", (await self.client.channels.normalized())["count"], len(listed))

    async def unanswered(self):
        waits = models.UnansweredResponse.model_validate(await self.public.get_unanswered(self.given["user"]))
        same("unanswered", (waits.counterV2, waits.type, waits.lastMsgDateTime is not None), (1, "red", True))

    async def users(self):
        await self.public.post_users([models.User(id="py-u1", name="Вера", phone="79011118801"), user("py-u2")])
        await self.legacy.create_user("py-u3", "Вера", phone="79011118803")
        made = await self.legacy.create_users([user("py-u4"), user("py-u5")])
        check("legacy users", made.get("success"), made)
        made = await self.client.users.create(user_id="py-u6", name="Вера")
        check("a user by the facade", made.get("success"), made)
        await self.client.users.create_many([user("py-u7"), user("py-u8")])
        await self.client.users.update("py-u6", user_id="py-u6", name="Вера Павлова")
        listed = own(await self.public.get_users(), models.User)
        same("users", sorted(listed), [f"py-u{n}" for n in range(1, 9)])
        same("a user as loaded", listed["py-u1"].model_dump(), {"id": "py-u1", "name": "Вера", "phone": "79011118801"})
        same("an updated user", models.User.model_validate(await self.public.get_user("py-u6")).name, "Вера Павлова")
        same("legacy list", sorted(own(await self.legacy.list_users(), models.User)), sorted(listed))
        same("legacy user", (await self.legacy.get_user("py-u2"))["id"], "py-u2")
        typed = await self.client.users.list()
        same("typed users", sorted(own(typed.raw, models.User)), sorted(listed))
        check("a typed user", isinstance(await self.client.users.get("py-u2"), models.User))
        same("raw users", len(await self.client.users.list_raw()), len(typed))
        same("a raw user", (await self.client.users.get_raw("py-u3"))["phone"], "79011118803")
        await self.public.delete_user("py-u8")
        await self.legacy.delete_user("py-u7")
        await self.client.users.delete("py-u6")
        same("bulk", await self.public.bulk_delete_users(["py-u5", "py-none"]), ["py-none"])
        gone = await self.legacy.bulk_delete_users(["py-u4", "py-none"])
        same("legacy bulk", (gone["deleted"], gone["not_found"]), (["py-u4"], ["py-none"]))
        same("the rest", sorted(own(await self.public.get_users(), models.User)), ["py-u1", "py-u2", "py-u3"])

    async def contacts(self):
        await self.public.create_contact(models.Contact.model_validate(contact("py-c001")))
        await self.public.create_contacts([contact("py-c002"), contact("py-c003")])
        sent = contact("py-c004")
        given = {"contact_id": sent["id"], "responsible_user_id": "py-u1", "name": sent["name"],
                 "contact_data": sent["contactData"]}
        await self.legacy.create_contact(**given)
        await self.legacy.update_contact(**given | {"name": "Марина Тестова"}, uri=sent["uri"])
        made = await self.legacy.create_contacts([contact("py-c005")])
        check("legacy contacts", made.get("success"), made)
        await self.client.contacts.create(**given | {"contact_id": "py-c006"})
        got = models.Contact.model_validate(await self.public.get_contact("py-c001"))
        same("a contact as loaded", got.model_dump(), contact("py-c001"))
        got = models.Contact.model_validate(await self.legacy.get_contact("py-c004"))
        same("an updated contact", (got.name, got.uri), ("Марина Тестова", sent["uri"]))
        check("a typed contact", isinstance(await self.client.contacts.get("py-c006"), models.Contact))
        page = await self.public.get_contacts()
        same("contacts", sorted(own(page["data"], models.Contact)), [f"py-c00{n}" for n in range(1, 7)])
        same("the same page", await self.legacy.list_contacts(), page)
        typed = await self.client.contacts.list()
        same("typed contacts", len(typed), page["count"])
        self.others = page["count"] - 6
        await self.public.delete_contact("py-c006")
        await self.legacy.delete_contact("py-c005")
        await self.client.contacts.delete("py-c004")
        same("bulk", await self.public.bulk_delete_contacts(["py-c003", "py-none"]), ["py-none"])
        gone = await self.legacy.bulk_delete_contacts(["py-c002", "py-none"])
        same("legacy bulk", (gone["deleted"], gone["not_found"]), (["py-c002"], ["py-none"]))
        await refused("a deleted contact", self.public.get_contact("py-c002"), 404, "NOT_FOUND", "unknown")

    async def pages(self):
        """101 contacts are two pages, for both of the client's helpers."""
        await self.public.create_contacts([contact(f"py-p{n:03}") for n in range(100)])
        found = [item["id"] async for item in paginate_async(self.public.get_contacts)]
        same("pages", (len(found), len(set(found))), (self.others + 101, self.others + 101))
        pages = {offset: await self.public.get_contacts(offset) for offset in (0, 100)}
        same("pages once more", [item["id"] for item in paginate(pages.__getitem__)], found)

    async def deals(self):
        await self.public.post_deals([models.Deal.model_validate(deal("py-d1", closed=True)), deal("py-d2")])
        given = {"deal_id": "py-d3", "responsible_user_id": "py-u1", "name": "Мазда 6", "contacts": ["py-c001"],
                 "uri": "https://crm.example.com/deals/py-d3"}
        await self.legacy.create_deal(**given)
        await self.legacy.update_deal(**given | {"name": "Мазда 5"}, closed=True)
        await self.legacy.create_deals([deal("py-d4")])
        await self.client.deals.create(**given | {"deal_id": "py-d5"})
        got = models.Deal.model_validate(await self.public.get_deal("py-d1"))
        same("a deal as loaded", got.model_dump(), deal("py-d1", closed=True))
        got = models.Deal.model_validate(await self.legacy.get_deal("py-d3"))
        same("an updated deal", (got.name, got.closed), ("Мазда 5", True))
        check("a typed deal", isinstance(await self.client.deals.get("py-d5"), models.Deal))
        page = await self.public.get_deals()
        same("deals", sorted(own(page["data"], models.Deal)), [f"py-d{n}" for n in range(1, 6)])
        same("the same page", await self.legacy.list_deals(), page)
        same("typed deals", len(await self.client.deals.list()), page["count"])
        await self.public.delete_deal("py-d5")
        await self.legacy.delete_deal("py-d4")
        await self.client.deals.delete("py-d3")
        same("bulk", await self.public.bulk_delete_deals(["py-d2", "py-none"]), ["py-none"])
        gone = await self.legacy.bulk_delete_deals(["py-d1", "py-none"])
        same("legacy bulk", (gone["deleted"], gone["not_found"]), (["py-d1"], ["py-none"]))
        same("no deals", own((await self.public.get_deals())["data"], models.Deal), {})

    async def pipelines(self):
        stages = [{"id": "new", "name": "Новый"}, {"id": "done", "name": "Сделка"}]
        sales, bare = {"id": "sales", "name": "Продажи", "stages": stages}, {"id": "service", "name": "Сервис"}
        await self.public.post_pipelines([models.Pipeline.model_validate(sales), bare])
        listed = [models.Pipeline.model_validate(item) for item in await self.public.get_pipelines()]
        same("pipelines", [item.model_dump(exclude_none=True) for item in listed], [sales, bare])
        await self.legacy.create_pipeline("parts", "Запчасти")
        await self.legacy.update_pipeline("parts", "Запчасти", stages)
        same("a legacy pipeline", (await self.legacy.list_pipelines())[0]["stages"], stages)
        await self.client.pipelines.create(pipeline_id="parts", name="Запчасти")
        same("typed pipelines", [item.id for item in await self.client.pipelines.list()], ["parts"])
        made = await self.legacy.create_pipelines([sales])
        check("legacy pipelines", made.get("success"), made)

    def message(self, transport, **more):
        channel = self.given["channels"][transport]
        return {"channelId": channel["id"], "chatType": channel["chatType"], "chatId": channel["chat"], **more}

    async def messages(self):
        sent = self.message("whatsapp", text="Добрый день!", crmUserId=self.given["user"], crmMessageId="py-1",
                            refMessageId=self.given["channels"]["whatsapp"]["written"], clearUnanswered=True)
        answer = models.MessageSendResponse.model_validate(await self.public.send_message(sent))
        same("the chat", answer.chatId, sent["chatId"])
        await refused("sent again", self.public.send_message(sent), 400, "REPEATED_CRM_MESSAGE_ID", "conflict")
        buttons = {"replyMarkup": "inline", "buttons": [[{"text": "Да", "callbackData": "yes"}, {"text": "Нет", "callbackData": "no"}]]}
        asked = models.MessageSendRequest.model_validate(self.message("telegram", text="Удобно?", buttonsObject=buttons))
        models.MessageSendResponse.model_validate(await self.public.send_message(asked))
        template = self.message("wapi", templateId=self.given["template"], templateValues=["Марина"])
        models.MessageSendResponse.model_validate(await self.public.send_message(template))
        by_phone = self.message("tgapi", text="Добрый день!", phone="79011118850") | {"chatId": None}
        check("a chat by phone", models.MessageSendResponse.model_validate(await self.public.send_message(by_phone)).chatId)
        edited = models.MessageSendResponse.model_validate(await self.public.send_message(self.message("vk", text="Так")))
        await self.public.edit_message(edited.messageId, {"text": "Иначе"})
        taken_back = models.MessageSendResponse.model_validate(await self.public.send_message(self.message("max", text="Лишнее")))
        await self.public.delete_message(taken_back.messageId)
        # messages.py:15 leaves an address as an object, which the client's HTTP library cannot write: it sends no file.
        file = self.message("whatsapp", contentUri="https://crm.example.com/price.pdf")
        await fails_by_itself("a file", self.public_raw.send_message(file), TypeError)
        await self.refusals()

    async def refusals(self):
        send, text = self.public.send_message, {"text": "Добрый день!"}
        for what, body, code, category in (
            ("an unknown channel", {**self.message("whatsapp", **text), "channelId": self.given["unknown"]}, "CHANNEL_NOT_FOUND", "channel"),
            ("another messenger", {**self.message("whatsapp", **text), "chatType": "vk"}, "WRONG_TRANSPORT", "transport"),
            ("a long text", self.message("whatsapp", text="я" * 10_001), "MESSAGE_TEXT_TOO_LONG", "limit"),
            ("a late answer", {**self.message("wapi", **text), "chatId": self.given["late_phone"]}, "24_HOURS_EXCEEDED", "window"),
            ("a late answer", {**self.message("instagram", **text), "chatId": self.given["late"]}, "7_DAYS_EXCEEDED", "window"),
            ("no chat", {**self.message("whatsapp", **text), "chatId": None}, "INVALID_MESSAGE_DATA", "validation"),
        ):
            await refused(what, send(body), 400, code, category)
        unknown = self.given["unknown"]
        await refused("an unknown message", self.public.edit_message(unknown, text), 400, "MESSAGES_NOT_FOUND", "unknown")
        await refused("an unknown message", self.public.delete_message(unknown), 400, "MESSAGES_NOT_FOUND", "unknown")
        await refused("an unknown user", self.public.get_user("py-none"), 404, "NOT_FOUND", "unknown")
        blank = [contact("py-c900"), contact("py-c901", name=" ")]
        await refused("a blank name", self.public.create_contacts(blank), 400, "INVALID_CONTACTS_DATA", "validation",
                      [{"index": 1, "fields": ["name"]}])
        many = [user(f"py-{n}") for n in range(101)]
        await refused("101 users", self.public.post_users(many), 400, "TOO_MANY_ENTITIES", "unknown")
        twice = [user("py-u1", phone="79011118803")]
        await refused("another's phone", self.public.post_users(twice), 400, "DUPLICATE_PHONE_NUMBER", "unknown")
        stranger = WazzupPublicClient(self.given["base"], "33a817cbc1504bd5885574d8f0290cd3")
        await refused("an unknown key", stranger.get_channels(), 401, "UNAUTHORIZED", "unknown")
        await stranger.close()

    async def webhooks(self):
        on = {"messagesAndStatuses": True, "contactsAndDealsCreation": True, "channelsUpdates": True, "templateStatus": True}
        same("PATCH", await self.public.patch_webhooks({"webhooksUri": self.given["webhook"], "subscriptions": on}), {"ok": True})
        read = models.WebhooksSettings.model_validate(await self.public.get_webhooks_settings())
        same("as set", (str(read.webhooksUri), read.subscriptions.model_dump()), (self.given["webhook"], on))
        off = {"subscriptions": {"channelsUpdates": False}}
        await self.legacy.update_webhook_settings(off)
        settings = await self.legacy.get_webhook_settings()
        same("one switch", (settings["subscriptions"]["channelsUpdates"], settings["subscriptions"]["messagesAndStatuses"]), (False, True))
        await self.client.webhooks.update({"webhooksUri": self.given["webhook"], "subscriptions": on})
        # client.py:381 leaves the address as an object, which the client's HTTP library cannot write.
        await fails_by_itself("settings as a model", self.client_raw.webhooks.update(read), TypeError)
        await self.client.webhooks.ensure(uri=self.given["webhook"], subscriptions=models.WebhookSubscriptions(channelsUpdates=True))
        read = await self.client.webhooks.settings()
        same("typed settings", (str(read.webhooksUri), read.subscriptions.model_dump()), (self.given["webhook"], on))
        nowhere = self.public.patch_webhooks({"webhooksUri": self.given["no_webhook"], "subscriptions": on})
        await refused("an address that does not answer", nowhere, 400, "testPostNotPassed", "unknown")
        await refused("no address", self.public.patch_webhooks({"webhooksUri": "crm"}), 400, "uriNotValid", "unknown")

    async def chat_window(self):
        """There is no chat window yet, which `docs/MOVING-FROM-WAZZUP.md` says: the client hears it as an unknown route."""
        window = {"user": {"id": "py-u1", "name": "Вера"}, "scope": "card",
                  "filter": [{"chatType": "whatsapp", "chatId": "79011117001"}], "options": {"useDealsEvents": True}}
        await refused("a window", self.public.generate_iframe_link(window), 404, "NOT_FOUND", "unknown")
        await refused("a window", self.legacy.generate_iframe_link("py-u1", "Вера"), 404, "NOT_FOUND", "unknown")

    async def faults(self):
        """What is left out fails by itself, or calls the other API."""
        calls = {
            "client.contacts.update": lambda: self.client_raw.contacts.update("py-c001", name="Марина"),
            "client.deals.update": lambda: self.client_raw.deals.update("py-d1", name="Мазда"),
            "client.pipelines.update": lambda: self.client_raw.pipelines.update("sales", name="Продажи"),
            "client.pipelines.get": lambda: self.client_raw.pipelines.get("sales"),
            "client.pipelines.delete": lambda: self.client_raw.pipelines.delete("sales"),
            "client.channels.get": lambda: self.client_raw.channels.get(self.given["unknown"]),
        }
        for name, (kind, _) in BROKEN.items():
            await fails_by_itself(name, calls[name](), kind)
        theirs = ["_tech_client", *(f".{name}(" for name in FOR_PARTNERS["legacy"])]
        for namespace, kind in (("legacy", WazzupLegacyClient), ("client.accounts", type(self.client_raw.accounts)),
                                ("client.channels", type(self.client_raw.channels)),
                                ("client.webhooks", type(self.client_raw.webhooks))):
            for name in FOR_PARTNERS[namespace]:
                # `settings` and `get_balance` are other names of methods that are checked here too.
                source = inspect.getsource(getattr(kind, name))
                alias = any(f"self.{other}(" in source for other in FOR_PARTNERS[namespace])
                update = (namespace, name) == ("client.channels", "update")
                check(f"{namespace}.{name}", alias or update or any(word in source for word in theirs), source)


def left_out():
    partners = {f"{namespace}.{name}": "the API for partners" for namespace, names in FOR_PARTNERS.items() for name in names}
    return partners | {name: why for name, (_, why) in BROKEN.items()}


def main():
    methods = Methods(json.loads(sys.stdin.readline()))
    asyncio.run(methods.run())
    print(json.dumps({"offered": offered(), "used": sorted(Counted.used), "left_out": left_out(), "wrong": WRONG}))


if __name__ == "__main__":
    main()
