//! What the CRM loaded of a client (name, phone) is erased with them; what it loaded of other clients stays.

use super::story::{OTHER, PHONE, Story};
use std::time::Duration;

#[tokio::test]
async fn p12_what_the_crm_loaded_of_him_goes_with_him() {
    let story = Story::begin().await;
    let his = story.world.loaded("4711", PHONE, "anna", None).await;
    story.world.loaded("4712", OTHER, "anna", None).await;
    assert!(story.dump().await.contains(&his.name));
    story.ask().await;
    story.world.pass(Duration::from_secs(900)).await;
    let (store, account) = (&story.world.store, &story.world.account);
    assert_eq!(store.crm_contact(account, "4711").await.unwrap(), None);
    assert!(store.crm_contact(account, "4712").await.unwrap().is_some());
    story.assert_gone().await;
}
