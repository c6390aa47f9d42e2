//! The members of a Message (Bot API 10.3, Message), grouped by how we read them: content is read in
//! [`super::content`]; here are the others.

/// Members that describe a message and are not content.
const CONTEXT: &[&str] = &[
    "message_id",
    "message_thread_id",
    "direct_messages_topic",
    "from",
    "sender_chat",
    "sender_boost_count",
    "sender_business_bot",
    "sender_tag",
    "date",
    "guest_query_id",
    "guest_bot_caller_user",
    "guest_bot_caller_chat",
    "business_connection_id",
    "chat",
    "forward_origin",
    "forward_from",
    "forward_from_chat",
    "forward_from_message_id",
    "forward_signature",
    "forward_sender_name",
    "forward_date",
    "is_topic_message",
    "is_automatic_forward",
    "reply_to_message",
    "external_reply",
    "quote",
    "reply_to_story",
    "reply_to_checklist_task_id",
    "reply_to_poll_option_id",
    "via_bot",
    "edit_date",
    "has_protected_content",
    "is_from_offline",
    "is_paid_post",
    "media_group_id",
    "author_signature",
    "paid_star_count",
    "receiver_user",
    "ephemeral_message_id",
    "entities",
    "link_preview_options",
    "suggested_post_info",
    "effect_id",
    "caption",
    "caption_entities",
    "show_caption_above_media",
    "has_media_spoiler",
    "reply_markup",
    // Older names, still sent beside `new_chat_members` and `left_chat_member`.
    "new_chat_member",
    "new_chat_participant",
    "left_chat_participant",
];

/// Members of service messages, "Service message: …" in their descriptions.
const SERVICE: &[&str] = &[
    "new_chat_members",
    "left_chat_member",
    "new_chat_title",
    "new_chat_photo",
    "delete_chat_photo",
    "group_chat_created",
    "supergroup_chat_created",
    "channel_chat_created",
    "message_auto_delete_timer_changed",
    "migrate_to_chat_id",
    "migrate_from_chat_id",
    "pinned_message",
    "successful_payment",
    "refunded_payment",
    "users_shared",
    "user_shared",
    "chat_shared",
    "connected_website",
    "write_access_allowed",
    "passport_data",
    "proximity_alert_triggered",
    "boost_added",
    "chat_background_set",
    "direct_message_price_changed",
    "paid_message_price_changed",
    "gift_upgrade_sent",
    "managed_bot_created",
];

/// Prefixes of whole families of service messages.
const SERVICE_FAMILIES: &[&str] = &[
    "checklist_tasks_",
    "chat_owner_",
    "community_",
    "forum_topic_",
    "general_forum_topic_",
    "giveaway",
    "poll_option_",
    "suggested_post_",
    "video_chat_",
    "voice_chat_",
];

/// Whether a member only describes its message.
pub(super) fn is_context(name: &str) -> bool {
    CONTEXT.contains(&name)
}

/// Whether a member makes its message a service message.
pub(super) fn is_service(name: &str) -> bool {
    let family = SERVICE_FAMILIES.iter().any(|family| name.starts_with(family));
    !is_context(name) && (family || SERVICE.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_is_of_one_sort() {
        for name in CONTEXT {
            assert!(!is_service(name), "{name}");
        }
        for name in ["suggested_post_paid", "poll_option_added", "community_joined", "pinned_message"] {
            assert!(is_service(name), "{name}");
        }
        for name in ["suggested_post_info", "reply_to_poll_option_id", "text", "hologram"] {
            assert!(!is_service(name), "{name}");
        }
    }
}
