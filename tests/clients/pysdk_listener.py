"""Starts wazzup-pysdk's own webhook listener and makes it the address of an account's webhooks.

Standard input: one JSON object with `base`, `key` and `port`, then one for each setting of the webhooks, with `bearer`
and `subscriptions`; its end ends the listener. Standard output: a line of JSON when webhooks are set, one for each
webhook that a handler got, parsed by the client's models, and a last one with the methods used.
"""

import asyncio
import json
import sys

from covered import Counted, counted_client
from pydantic import BaseModel
from wazzup_client import WazzupClient
from wazzup_client.public import schemas as models


def tell(**line):
    print(json.dumps(line), flush=True)


def register(webhooks):
    """A handler for each of the client's models, and one for bodies that it has no model for."""
    for model in (models.MessagesWebhook, models.StatusesWebhook, models.CreateEntitiesWebhook,
                  models.ChannelsUpdatesWebhook, models.TemplateStatusWebhook):
        @webhooks.on(model)
        async def handle(parsed, model=model):
            assert isinstance(parsed, model), parsed
            tell(model=model.__name__, body=parsed.model_dump(mode="json", exclude_none=True))

    @webhooks.on("*")
    async def handle_others(body):
        if not isinstance(body, BaseModel):
            tell(model=None, body=body)


async def listen(given):
    client = counted_client(WazzupClient(given["key"], public_base_url=given["base"]))
    register(client.webhooks)
    url = await client.webhooks.start_listener(host="127.0.0.1", port=given["port"], path="/hooks/wazzup")
    while line := await asyncio.to_thread(sys.stdin.readline):
        wanted = json.loads(line)
        client.webhooks.expect_bearer(wanted["bearer"])
        settings = await client.webhooks.ensure(uri=url, auth_token=wanted["bearer"], subscriptions=wanted["subscriptions"])
        tell(set=str(settings.webhooksUri))
    await client.webhooks.stop_listener()
    await client.webhooks.close()
    await client.close()


def main():
    asyncio.run(listen(json.loads(sys.stdin.readline())))
    tell(used=sorted(Counted.used))


if __name__ == "__main__":
    main()
