//! The requests to a universal CRM to create contacts and deals (Wazzup API v3, "Webhooks").

use crate::model::channel::DealStage;
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateContactHook<'a> {
    pub create_contact: CreateContact<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateContact<'a> {
    pub responsible_user_id: &'a str,
    pub name: &'a str,
    pub contact_data: Vec<ContactData<'a>>,
    pub source: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ContactData<'a> {
    pub chat_type: String,
    pub chat_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateDealHook<'a> {
    pub create_deal: CreateDeal<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateDeal<'a> {
    pub responsible_user_id: &'a str,
    pub contacts: Vec<&'a str>,
    pub source: &'static str,
    /// Our addition: the channel's pipeline stage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Stage<'a> {
    pipeline_id: &'a str,
    stage_id: &'a str,
}

impl<'a> From<&'a DealStage> for Stage<'a> {
    fn from(stage: &'a DealStage) -> Self {
        Self { pipeline_id: &stage.pipeline_id, stage_id: &stage.stage_id }
    }
}
