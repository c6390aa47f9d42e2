//! Our words in requests and answers, one for one with the model's: a new one there does not compile until it is here.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

macro_rules! mirror {
    ($(#[$doc:meta])* $name:ident of $model:path { $($(#[$word:meta])* $variant:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name {
            $($(#[$word])* $variant,)+
        }

        impl From<$model> for $name {
            fn from(value: $model) -> Self {
                match value {
                    $(<$model>::$variant => Self::$variant,)+
                }
            }
        }

        impl From<$name> for $model {
            fn from(value: $name) -> Self {
                match value {
                    $($name::$variant => Self::$variant,)+
                }
            }
        }
    };
}
pub(crate) use mirror;

mirror! {
    /// How a channel is.
    ChannelState of shared::model::messenger::ChannelState {
        /// Works.
        Active,
        /// Being connected.
        Pending,
        /// Wants a person: scan a code, pay, charge the phone.
        NeedsAttention,
        /// The credential or the session died.
        Unauthorized,
        /// Switched off, disconnected or refused by the provider.
        Disabled,
    }
}

mirror! {
    /// How a new client gets his responsible.
    Distribution of shared::model::channel::Distribution {
        /// Strictly in turn, at the client's first message.
        RoundRobin,
        /// Whoever answers first; until then all see the chat who receive new clients.
        FirstResponder,
        /// The CRM names him; until then all see the chat who receive new clients.
        ByCrm,
    }
}

mirror! {
    /// How a connection is.
    ConnectionState of shared::model::connection::ConnectionState {
        /// Stored; the provider has not taken the webhook yet.
        Connecting,
        /// The webhook is registered.
        Connected,
        /// The provider refused the credential.
        Unauthorized,
    }
}

mirror! {
    /// What an employee may do on a channel.
    Role of shared::model::employee::Role {
        /// Sees and writes to his own clients.
        Manager,
        /// Sees and writes to all.
        Head,
        /// Sees all, writes to nobody.
        QualityControl,
    }
}

mirror! {
    /// Why a member gets no new client.
    Ineligible of shared::model::employee::Ineligible {
        /// The switch is off.
        ReceivesNoNewClients,
        /// The role does not write to clients.
        MayNotWrite,
        /// Not bound to the channel: he could not answer.
        NotBound,
        /// The CRM does not know him any more, or refuses him.
        Inactive,
        /// He says that he has enough to do.
        Busy,
        /// He says that he is not at his desk.
        Away,
        /// He says that he does not work today.
        Off,
        /// It is not his time to work.
        OutsideWorkingHours,
        /// He has as many open chats as he may.
        CapReached,
        /// He had this client, and did not answer in time.
        DidNotAnswer,
    }
}

mirror! {
    /// Which CRM an account works with.
    CrmKind of shared::model::crm::CrmKind {
        /// None: only our own chats.
        None,
        /// A client of the Wazzup-v3-compatible API.
        Universal,
    }
}

mirror! {
    /// How the CRM connection is.
    CrmState of shared::model::crm::CrmState {
        /// Works, or has not been tried.
        Active,
        /// The CRM refused our key; set it again.
        Unauthorized,
    }
}

mirror! {
    /// In which list a chat stands.
    ChatState of shared::model::chat::state::ChatState {
        /// Somebody talks, or did within the channel's window.
        Live,
        /// Finished, or never opened.
        General,
        /// Open, and not live: comments under a post, or a client who came back where that makes no live chat.
        Case,
    }
}

mirror! {
    /// How far the client is on his way to a responsible employee.
    ClientState of shared::model::chat::state::AssignmentState {
        /// Has not written yet.
        Silent,
        /// Waits for a responsible.
        Waiting,
        /// Is shown to everybody who receives new clients, until somebody answers or the CRM names a responsible.
        Unclaimed,
        /// Has a responsible.
        Assigned,
    }
}

mirror! {
    /// Why a chat was finished.
    FinishReason of shared::model::chat::state::FinishReason {
        /// Neither side wrote during the channel's window.
        Inactivity,
        /// An employee finished it.
        ByHand,
        /// A rule did.
        Rule,
    }
}

mirror! {
    /// How far a conversation has come, as an employee or a rule says.
    ChatStatus of shared::model::chat::state::ChatStatus {
        /// Being talked about.
        Open,
        /// Waits for something: the client, a part, a date.
        Waiting,
        /// Done with.
        Closed,
    }
}

mirror! {
    /// Why somebody may not write.
    Refusal of shared::model::access::sending::Refusal {
        /// He has no role on the channel.
        NoRole,
        /// Quality control writes to nobody.
        QualityControl,
        /// He is not bound to the channel.
        NotBound,
        /// Somebody else's client, or nobody's whom he may not claim.
        NotResponsible,
        /// The channel is paused.
        ChannelPaused,
        /// The channel is ignored.
        ChannelIgnored,
        /// The channel is off at the provider, or its credential is refused.
        ChannelUnavailable,
    }
}

mirror! {
    /// Who wrote.
    Side of shared::model::event::Side {
        /// The client.
        Client,
        /// The company.
        Company,
    }
}

mirror! {
    /// What a message is.
    #[allow(missing_docs, reason = "the names say it")]
    Kind of shared::model::message::kind::Kind {
        Text, Image, Audio, Voice, Video, Document, Sticker, Location, ContactCard, Template, Interactive, Reaction,
        MissedCall, ListingCall, StoryReply, StoryMention, Comment, System, Unsupported,
    }
}

mirror! {
    /// How far a delivery has come.
    #[allow(missing_docs, reason = "the names say it")]
    DeliveryStatus of shared::model::message::kind::DeliveryStatus {
        Queued, Unknown, Sent, Delivered, Read, Failed,
    }
}

mirror! {
    /// Where a company's message was written.
    Origin of shared::model::event::Origin {
        /// The provider's own application.
        ProviderApp,
        /// The phone.
        Phone,
        /// The phone or the provider's application: the provider does not say.
        Outside,
        /// The CRM.
        Crm,
        /// The chat window.
        Window,
        /// This API, by an employee.
        Api,
        /// A bot of the account's.
        Bot,
        /// A rule.
        Rule,
        /// The farewell, as the chat finished.
        Farewell,
        /// A notice to the employees, as of a send that failed; it never goes to the client.
        Notice,
    }
}

mirror! {
    /// What came of a call.
    #[allow(missing_docs, reason = "the names say it")]
    CallOutcome of shared::model::message::content::CallOutcome {
        Missed, Answered, Unknown,
    }
}

mirror! {
    /// How the company answered a comment.
    CommentMode of shared::model::message::content::CommentMode {
        /// Under the comment.
        Reply,
        /// Under the comment, naming its author.
        Mention,
        /// To its author alone.
        Private,
    }
}

mirror! {
    /// Why a file could not be copied.
    CopyFailure of shared::model::message::media::CopyFailure {
        /// The provider has it no more, or never had.
        Gone,
        /// The provider does not let us have it.
        Refused,
        /// Larger than is kept.
        TooLarge,
        /// Not what the message says it is, or of a type that is not kept.
        WrongType,
        /// The link leads where nothing is fetched from.
        AddressNotAllowed,
        /// The provider did not answer as it should, for as long as was tried.
        Unavailable,
    }
}

mirror! {
    /// What tells that a car of the CRM's is the one of a listing.
    MatchedBy of shared::model::message::listing::MatchedBy {
        /// The vehicle identification number.
        Vin,
        /// The site's id of the listing.
        Offer,
        /// The link to it.
        Url,
    }
}

mirror! {
    /// Why two contacts became one.
    MergeReason of shared::model::contact::MergeReason {
        /// The messenger vouched for a phone that the other one has.
        VerifiedPhone,
        /// The messenger told both forms of one identity.
        SameIdentity,
        /// A person said so.
        Manual,
    }
}

mirror! {
    /// How far an erasure has come.
    ErasureState of shared::model::erasure::ErasureState {
        /// At work.
        Running,
        /// Nothing of the client is left.
        Done,
    }
}

mirror! {
    /// The language of texts of ours that employees and clients see.
    Language of shared::model::texts::Language {
        /// Russian.
        Ru,
        /// English.
        En,
    }
}

mirror! {
    /// A part of the settings that may be granted to an employee by itself.
    #[derive(PartialOrd, Ord)]
    Section of shared::model::employee::Section {
        /// Connections to providers.
        Connections,
        /// Channels, and who works on them.
        Channels,
        /// Employees: names, signatures, default channels.
        Employees,
        /// The CRM connection and the pipelines.
        Crm,
        /// The account's own options.
        Account,
        /// The blacklist.
        Blacklist,
        /// Shared quick replies.
        QuickReplies,
        /// Contacts: merging, exporting, erasing.
        Contacts,
    }
}

mirror! {
    /// What of a sent message may be edited.
    Edits of shared::model::limits::Edits {
        /// Nothing.
        No,
        /// Its text.
        Text,
        /// Its text or its file.
        All,
    }
}

mirror! {
    /// By what a person is addressed.
    AddressedBy of shared::model::limits::By {
        /// A phone number.
        Phone,
        /// A user name.
        Username,
        /// The messenger's id of him.
        UserId,
    }
}

mirror! {
    /// What a file is, by the first half of its type.
    #[allow(missing_docs, reason = "the names say it")]
    FileKind of shared::model::limits::FileKind {
        Image, Audio, Video, Document,
    }
}

mirror! {
    /// How much a finding of the set-up check weighs.
    Level of shared::model::setup_check::Level {
        /// Something does not work.
        Error,
        /// Something may not be as it was meant.
        Warning,
    }
}

mirror! {
    /// What an employee says of himself on a channel. Only who is available gets new clients.
    EmployeeStatus of shared::model::employee::Status {
        /// Takes new clients.
        Available,
        /// Has enough to do.
        Busy,
        /// Is not at his desk.
        Away,
        /// Does not work today.
        Off,
    }
}

mirror! {
    /// What a client's message after the end makes of his chat.
    Reopening of shared::model::closing_options::Reopening {
        /// It is live again, the same case as before.
        Reopen,
        /// It is live again, as a new case: nothing is said of it yet.
        NewCase,
        /// It stands among the cases, without being live.
        CaseOnly,
    }
}

mirror! {
    /// A day of the week.
    #[allow(missing_docs, reason = "the names say it")]
    Day of shared::model::working_hours::Day {
        Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday,
    }
}
