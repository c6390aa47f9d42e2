//! The wire between an AWS client and its service: counts the calls, and makes them fail on demand.

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

/// A service that answers a request, given its operation (of `x-amz-target`, else `METHOD path`, or `LIST` with the
/// query as body) and body.
pub trait Service: Send + Sync {
    fn answer(&self, operation: &str, body: Vec<u8>) -> impl Future<Output = Answer> + Send;
}

/// A call that fails on purpose.
#[derive(Clone, Debug)]
pub struct Fault {
    /// The operation, for example `TransactWriteItems`.
    pub operation: &'static str,
    /// Only requests that contain this text fail.
    pub holding: String,
    /// How many calls fail.
    pub times: usize,
    /// The way in which they fail.
    pub how: How,
}

/// The way in which a call fails.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum How {
    /// It is throttled.
    Throttled,
    /// The service carries it out, and the answer is lost.
    AnswerLost,
    /// A read that finds nothing: it is stale, or sees a transaction in part.
    Blind,
    /// It conflicts with another transaction on the same rows.
    Conflict,
}

/// Changes the body of a request on its way, given its operation: a fault of the code, made without changing the code.
pub type Mutation = Arc<dyn Fn(&str, &mut Value) + Send + Sync>;

/// The traffic of a wire: calls by operation, and capacity units as the service reports them.
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
    calls_left: Option<usize>,
    mutation: Option<Mutation>,
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

    /// Changes every request from now on.
    pub fn mutate(&self, mutation: Mutation) {
        self.state.lock().unwrap().mutation = Some(mutation);
    }

    /// Removes the faults that remain.
    pub fn heal(&self) {
        self.state.lock().unwrap().faults.clear();
    }

    fn mutated(&self, operation: &str, body: Vec<u8>) -> Vec<u8> {
        let mutation = self.state.lock().unwrap().mutation.clone();
        let (Some(mutation), Ok(mut request)) = (mutation, serde_json::from_slice(&body)) else {
            return body;
        };
        mutation(operation, &mut request);
        serde_json::to_vec(&request).unwrap()
    }

    /// The traffic since the last call.
    pub fn take_traffic(&self) -> Traffic {
        std::mem::take(&mut self.state.lock().unwrap().traffic)
    }

    /// Lets this many calls pass; the answer of the last one is lost, and all later ones fail, as if the caller died.
    /// `None` ends it.
    pub fn cut_off(&self, after: Option<usize>) {
        self.state.lock().unwrap().calls_left = after;
    }

    /// How the next call fails because of `cut_off`.
    fn count_down(&self) -> Option<How> {
        let mut state = self.state.lock().unwrap();
        match state.calls_left {
            None | Some(2..) => {
                state.calls_left = state.calls_left.map(|left| left - 1);
                None
            }
            Some(1) => {
                state.calls_left = Some(0);
                Some(How::AnswerLost)
            }
            Some(0) => Some(How::Throttled),
        }
    }

    /// Calls the service directly, and returns a refusal as its answer.
    pub async fn try_ask(&self, operation: &str, body: &Value) -> (u16, Value) {
        let (status, answer) = self.service.answer(operation, body.to_string().into_bytes()).await;
        (status, serde_json::from_slice(&answer).unwrap())
    }

    /// Calls the service directly, without faults and counting; asserts that it succeeds.
    pub async fn ask(&self, operation: &str, body: &Value) -> Value {
        let (status, answer) = self.service.answer(operation, body.to_string().into_bytes()).await;
        assert_eq!(status, 200, "{operation}: {}", String::from_utf8_lossy(&answer));
        serde_json::from_slice(&answer).unwrap()
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
        let body = self.mutated(&operation, with_capacity(&operation, body));
        *self.state.lock().unwrap().traffic.calls.entry(operation.clone()).or_default() += 1;
        let fault = self.fault(&operation, &body);
        let how = self.count_down().or(fault.map(|fault| fault.how));
        match how {
            Some(How::Throttled) => return failure(),
            Some(How::Conflict) => return conflict(&operation, &body),
            _ => {}
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

/// Asks DynamoDB to report the cost of a call.
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

/// The same answer without its items.
fn blind(body: &[u8]) -> Answer {
    let mut answer: Value = serde_json::from_slice(body).unwrap();
    for found in ["Item", "Items", "Responses"] {
        if let Some(members) = answer.as_object_mut() {
            members.remove(found);
        }
    }
    (200, answer.to_string().into_bytes())
}

/// The answer of a call that conflicts, as DynamoDB gives it for one write and for several.
fn conflict(operation: &str, body: &[u8]) -> Answer {
    let kind = |name: &str| format!("com.amazonaws.dynamodb.v20120810#{name}");
    let request: Value = serde_json::from_slice(body).unwrap();
    let writes = request["TransactItems"].as_array().map_or(0, Vec::len);
    let mut reasons = vec![json!({"Code": "None"}); writes];
    if let Some(first) = reasons.first_mut() {
        *first = json!({"Code": "TransactionConflict", "Message": "on purpose"});
    }
    let body = if operation == "TransactWriteItems" {
        json!({"__type": kind("TransactionCanceledException"), "message": "on purpose", "CancellationReasons": reasons})
    } else {
        json!({"__type": kind("TransactionConflictException"), "message": "on purpose"})
    };
    (400, body.to_string().into_bytes())
}

/// The answer of a throttled call, as DynamoDB and SQS give it.
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
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let listed = query.contains("list-type=2").then(|| SdkBody::from(query.to_owned()));
        let named = if listed.is_some() { "LIST".to_owned() } else { format!("{} {path}", request.method()) };
        let operation = target.unwrap_or(named);
        let body = listed.unwrap_or_else(|| request.take_body());
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
