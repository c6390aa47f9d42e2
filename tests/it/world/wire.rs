//! The wire between an AWS client and its service: counts what goes over it, and lets calls fail on demand.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

/// An answer: status and body.
pub type Answer = (u16, Vec<u8>);

/// What answers a request: operation (of `x-amz-target`, else `METHOD path`) and body.
pub trait Service: Send + Sync {
    fn answer(&self, operation: &str, body: Vec<u8>) -> impl Future<Output = Answer> + Send;
}

/// A call that fails on purpose.
#[derive(Clone, Debug)]
pub struct Fault {
    /// The operation, as `TransactWriteItems`.
    pub operation: &'static str,
    /// Only requests that hold this text.
    pub holding: String,
    /// How many times.
    pub times: usize,
    /// In which way.
    pub how: How,
}

/// In which way a call fails.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum How {
    /// It is throttled.
    Throttled,
    /// The service does it, and the answer is lost.
    AnswerLost,
    /// A read that sees nothing: old, or a transaction in part.
    Blind,
}

/// What went over a wire: calls by operation, and capacity units as the service reports them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Traffic {
    pub calls: BTreeMap<String, usize>,
    pub read_units: f64,
    pub write_units: f64,
}

impl Traffic {
    pub fn calls(&self, operation: &str) -> usize {
        self.calls.get(operation).copied().unwrap_or_default()
    }
}

#[derive(Default)]
struct State {
    faults: Vec<Fault>,
    traffic: Traffic,
}

/// A wire to a service.
pub struct Wire<S> {
    service: Arc<S>,
    state: Arc<Mutex<State>>,
}

impl<S> Clone for Wire<S> {
    fn clone(&self) -> Self {
        Self { service: Arc::clone(&self.service), state: Arc::clone(&self.state) }
    }
}

impl<S> fmt::Debug for Wire<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

impl<S: Service + 'static> Wire<S> {
    pub fn to(service: Arc<S>) -> Self {
        Self { service, state: Arc::default() }
    }

    pub fn fail(&self, fault: Fault) {
        self.state.lock().unwrap().faults.push(fault);
    }

    /// What went over it since the last call.
    pub fn take_traffic(&self) -> Traffic {
        std::mem::take(&mut self.state.lock().unwrap().traffic)
    }

    fn fault(&self, operation: &str, body: &[u8]) -> Option<Fault> {
        let mut state = self.state.lock().unwrap();
        let text = String::from_utf8_lossy(body);
        let hit = state.faults.iter_mut().find(|fault| {
            fault.operation == operation && fault.times > 0 && text.contains(fault.holding.as_str())
        })?;
        hit.times -= 1;
        Some(hit.clone())
    }

    async fn carry(&self, operation: String, body: Vec<u8>) -> Answer {
        let body = with_capacity(&operation, body);
        *self.state.lock().unwrap().traffic.calls.entry(operation.clone()).or_default() += 1;
        let fault = self.fault(&operation, &body);
        let how = fault.map(|fault| fault.how);
        if how == Some(How::Throttled) {
            return failure();
        }
        let answer = self.service.answer(&operation, body).await;
        self.note_capacity(&operation, &answer.1);
        match how {
            Some(How::AnswerLost) => failure(),
            Some(How::Blind) => blind(&answer.1),
            _ => answer,
        }
    }

    fn note_capacity(&self, operation: &str, body: &[u8]) {
        let Ok(answer) = serde_json::from_slice::<Value>(body) else { return };
        let consumed = match &answer["ConsumedCapacity"] {
            Value::Array(tables) => tables.clone(),
            Value::Null => return,
            table => vec![table.clone()],
        };
        let mut state = self.state.lock().unwrap();
        for table in consumed {
            let units = |name: &str| table[name].as_f64();
            match (units("ReadCapacityUnits"), units("WriteCapacityUnits")) {
                (None, None) => {
                    let all = units("CapacityUnits").unwrap_or_default();
                    if ["GetItem", "BatchGetItem", "Query"].contains(&operation) {
                        state.traffic.read_units += all;
                    } else {
                        state.traffic.write_units += all;
                    }
                }
                (read, write) => {
                    state.traffic.read_units += read.unwrap_or_default();
                    state.traffic.write_units += write.unwrap_or_default();
                }
            }
        }
    }
}

/// Asks DynamoDB to say what a call costs.
fn with_capacity(operation: &str, body: Vec<u8>) -> Vec<u8> {
    let dynamo = ["Item", "Items", "Query"].iter().any(|ending| operation.ends_with(ending));
    match serde_json::from_slice::<Value>(&body) {
        Ok(Value::Object(mut request)) if dynamo => {
            request.insert("ReturnConsumedCapacity".into(), json!("INDEXES"));
            serde_json::to_vec(&request).unwrap()
        }
        _ => body,
    }
}

/// The same answer without what it found.
fn blind(body: &[u8]) -> Answer {
    let mut answer: Value = serde_json::from_slice(body).unwrap();
    for found in ["Item", "Items", "Responses"] {
        if let Some(members) = answer.as_object_mut() {
            members.remove(found);
        }
    }
    (200, answer.to_string().into_bytes())
}

/// A throttled call, as DynamoDB and SQS both say it.
fn failure() -> Answer {
    let body =
        json!({"__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException", "message": "on purpose"});
    (400, body.to_string().into_bytes())
}

impl<S: Service + 'static> HttpConnector for Wire<S> {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        let target = request
            .headers()
            .get("x-amz-target")
            .map(|target| target.rsplit('.').next().unwrap_or(target).to_owned());
        let path = request
            .uri()
            .split("://")
            .last()
            .and_then(|rest| rest.split_once('/'))
            .map_or("", |(_, path)| path);
        let operation = target
            .unwrap_or_else(|| format!("{} {}", request.method(), path.split('?').next().unwrap_or("")));
        let body = request.take_body();
        let wire = self.clone();
        HttpConnectorFuture::new(async move {
            let body = body.bytes().map(<[u8]>::to_vec);
            let body = body.ok_or_else(|| ConnectorError::other("a streaming body".into(), None))?;
            let (status, answer) = wire.carry(operation, body).await;
            let status = status.try_into().map_err(|_| ConnectorError::other("a bad status".into(), None))?;
            Ok(HttpResponse::new(status, SdkBody::from(answer)))
        })
    }
}

impl<S: Service + 'static> HttpClient for Wire<S> {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
