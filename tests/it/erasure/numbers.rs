//! What is known of a client's numbers (E3) is erased with them; what is known of other numbers stays.

use super::story::{OTHER, PHONE, Story};
use shared::base::clock::Ambient;
use shared::base::phone::Phone;
use shared::model::contact::number_check::LearnedFrom;
use shared::model::messenger::Messenger;
use shared::store::{Read, keys};
use std::time::Duration;

#[tokio::test]
async fn p12_what_is_known_of_his_numbers_goes_with_him() {
    let story = Story::begin().await;
    let (store, now) = (&story.world.store, story.world.clock.now());
    let owner = store.get(&keys::account(&story.world.account), Read::Consistent).await.unwrap().unwrap();
    let phone = |digits: &str| Phone::from_international_digits(digits).unwrap();
    let knows = async |digits: &str| {
        let fact = store.number_fact(&owner, &Messenger::Whatsapp, &phone(digits)).await.unwrap();
        fact.map(|fact| fact.has)
    };
    for (digits, has) in [(PHONE, true), (OTHER, false)] {
        let number = (&Messenger::Whatsapp, &phone(digits));
        store.learn_number(&owner, number, has, LearnedFrom::Delivery, now).await.unwrap();
    }
    assert_eq!((knows(PHONE).await, knows(OTHER).await), (Some(true), Some(false)));
    story.ask().await;
    story.world.pass(Duration::from_secs(900)).await;
    assert_eq!((knows(PHONE).await, knows(OTHER).await), (None, Some(false)));
}
