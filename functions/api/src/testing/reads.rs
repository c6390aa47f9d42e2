//! Records which rows are read from the table, one by one or in batches.

use aws_sdk_dynamodb::config::interceptors::BeforeSerializationInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemInput;
use aws_sdk_dynamodb::operation::get_item::GetItemInput;
use shared::store::chats::key_of;
use shared::store::row::Key;
use std::sync::{Arc, Mutex};

/// The keys that were read since the last `take`.
#[derive(Clone, Debug, Default)]
pub struct Reads(Arc<Mutex<Vec<Key>>>);

impl Reads {
    pub fn take(&self) -> Vec<Key> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Intercept for Reads {
    fn name(&self) -> &'static str {
        "Reads"
    }

    fn read_before_execution(
        &self,
        context: &BeforeSerializationInterceptorContextRef<'_>,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let mut keys = self.0.lock().unwrap();
        if let Some(one) = context.input().downcast_ref::<GetItemInput>() {
            keys.extend(one.key().and_then(key_of));
        } else if let Some(many) = context.input().downcast_ref::<BatchGetItemInput>() {
            let tables = many.request_items().into_iter().flat_map(|tables| tables.values());
            keys.extend(tables.flat_map(|wanted| wanted.keys()).filter_map(key_of));
        }
        Ok(())
    }
}
