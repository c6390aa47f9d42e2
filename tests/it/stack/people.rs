//! Which employee gets the client, and how the chat ends, on the deployed stack: all three distributions, waiting and
//! assignment, reassignment, rules saved through the API, finishing and reopening.

mod ending;
mod giving;
mod rules;
