//! Who gets the client, and how his chat ends, on the deployed stack: all three distributions, waiting and being served,
//! reassignment, rules saved through the API, finishing and reopening.

mod ending;
mod giving;
mod rules;
