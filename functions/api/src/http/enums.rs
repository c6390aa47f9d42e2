//! Enums of requests and answers, one for one with the model's: a new variant there does not compile until it is added
//! here.

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
    /// A channel's state.
    ChannelState of shared::model::messenger::ChannelState {
        /// Works.
        Active,
        /// Being connected.
        Pending,
        /// Needs a person: scan a code, pay, charge the phone.
        NeedsAttention,
        /// The credential or the session is no longer valid.
        Unauthorized,
        /// Switched off, disconnected or refused by the provider.
        Disabled,
    }
}

mirror! {
    /// How a new client is assigned to a responsible.
    Distribution of shared::model::channel::Distribution {
        /// Strictly in turn, at the client's first message.
        RoundRobin,
        /// To the employee who answers first; until then every employee who receives new clients sees the chat.
        FirstResponder,
        /// To the employee whom the CRM names; until then every employee who receives new clients sees the chat.
        ByCrm,
    }
}

mirror! {
    /// A connection's state.
    ConnectionState of shared::model::connection::ConnectionState {
        /// Stored; the webhook is not registered at the provider yet.
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
        /// Sees and writes to their own clients.
        Manager,
        /// Sees and writes to all clients.
        Head,
        /// Sees all clients, writes to none.
        QualityControl,
    }
}

mirror! {
    /// Why a member gets no new client.
    Ineligible of shared::model::employee::Ineligible {
        /// Set to receive no new clients.
        ReceivesNoNewClients,
        /// The role does not write to clients.
        MayNotWrite,
        /// Not bound to the channel, so they could not answer.
        NotBound,
        /// The CRM does not know them any more, or refuses them.
        Inactive,
        /// Their status is `busy`.
        Busy,
        /// Their status is `away`.
        Away,
        /// Their status is `off`.
        Off,
        /// Outside their working hours.
        OutsideWorkingHours,
        /// They have as many open chats as their cap allows.
        CapReached,
        /// They had this client, and did not answer in time.
        DidNotAnswer,
    }
}

mirror! {
    /// Which CRM an account works with.
    CrmKind of shared::model::crm::CrmKind {
        /// No CRM: only our own chats.
        None,
        /// A client of the Wazzup-v3-compatible API.
        Universal,
    }
}

mirror! {
    /// The CRM connection's state.
    CrmState of shared::model::crm::CrmState {
        /// Works, or has not been tried yet.
        Active,
        /// The CRM refused our key; set it again.
        Unauthorized,
    }
}

mirror! {
    /// The list that a chat is in.
    ChatState of shared::model::chat::state::ChatState {
        /// Either side wrote within the channel's window.
        Live,
        /// Finished, or never opened.
        General,
        /// Open, but not live: comments under a post, or a client who came back where that makes no live chat.
        Case,
    }
}

mirror! {
    /// How far the client's assignment is.
    ClientState of shared::model::chat::state::AssignmentState {
        /// The client has not written yet.
        Silent,
        /// The client waits for a responsible.
        Waiting,
        /// The chat is shown to every employee who receives new clients, until one of them answers or the CRM names a
        /// responsible.
        Unclaimed,
        /// The client has a responsible.
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
        /// A rule finished it.
        Rule,
    }
}

mirror! {
    /// How far a conversation is, as set by an employee or a rule.
    ChatStatus of shared::model::chat::state::ChatStatus {
        /// The conversation is going on.
        Open,
        /// It waits for something: the client, a part, a date.
        Waiting,
        /// It is done.
        Closed,
    }
}

mirror! {
    /// Why an author may not write.
    Refusal of shared::model::access::sending::Refusal {
        /// They have no role on the channel.
        NoRole,
        /// Quality control writes to no client.
        QualityControl,
        /// They are not bound to the channel.
        NotBound,
        /// The client is another employee's, or has no responsible and may not be claimed by the author.
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
    /// Which side wrote.
    Side of shared::model::event::Side {
        /// The client.
        Client,
        /// The company.
        Company,
    }
}

mirror! {
    /// A message's kind.
    #[allow(missing_docs, reason = "the names say it")]
    Kind of shared::model::message::kind::Kind {
        Text, Image, Audio, Voice, Video, Document, Sticker, Location, ContactCard, Template, Interactive, Reaction,
        MissedCall, ListingCall, StoryReply, StoryMention, Comment, System, Unsupported,
    }
}

mirror! {
    /// How far a delivery is.
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
        /// A bot of the account.
        Bot,
        /// A rule.
        Rule,
        /// The farewell, sent as the chat finished.
        Farewell,
        /// A notice to the employees, for example about a failed send; it never goes to the client.
        Notice,
    }
}

mirror! {
    /// A call's outcome.
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
        /// To its author only.
        Private,
    }
}

mirror! {
    /// Why a file could not be copied.
    CopyFailure of shared::model::message::media::CopyFailure {
        /// The provider does not have it any more, or never had it.
        Gone,
        /// The provider gives no access to it.
        Refused,
        /// Larger than is kept.
        TooLarge,
        /// Not what the message says it is, or of a type that is not kept.
        WrongType,
        /// The link leads to an address from which nothing is fetched.
        AddressNotAllowed,
        /// The provider did not answer properly until the retries ended.
        Unavailable,
    }
}

mirror! {
    /// What identifies a car of the CRM as the car of a listing.
    MatchedBy of shared::model::message::listing::MatchedBy {
        /// The vehicle identification number.
        Vin,
        /// The site's id of the listing.
        Offer,
        /// The link to the listing.
        Url,
    }
}

mirror! {
    /// Why two contacts became one.
    MergeReason of shared::model::contact::MergeReason {
        /// The messenger vouched for a phone that the other contact has.
        VerifiedPhone,
        /// The messenger sent both forms of one identity.
        SameIdentity,
        /// A person merged them.
        Manual,
    }
}

mirror! {
    /// An erasure's state.
    ErasureState of shared::model::erasure::ErasureState {
        /// In progress.
        Running,
        /// Nothing of the client is left.
        Done,
    }
}

mirror! {
    /// The language of our texts that employees and clients see.
    Language of shared::model::texts::Language {
        /// Russian.
        Ru,
        /// English.
        En,
    }
}

mirror! {
    /// A section of the settings that may be granted to an employee separately.
    #[derive(PartialOrd, Ord)]
    Section of shared::model::employee::Section {
        /// Connections to providers.
        Connections,
        /// Channels, and their members.
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
    /// What may be edited of a sent message.
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
    /// What an addressee is identified by.
    AddressedBy of shared::model::limits::By {
        /// A phone number.
        Phone,
        /// A user name.
        Username,
        /// The messenger's id of the person.
        UserId,
    }
}

mirror! {
    /// A file's kind, by the first half of its media type.
    #[allow(missing_docs, reason = "the names say it")]
    FileKind of shared::model::limits::FileKind {
        Image, Audio, Video, Document,
    }
}

mirror! {
    /// How serious a finding of the set-up check is.
    Level of shared::model::setup_check::Level {
        /// Something does not work.
        Error,
        /// Something may not be as intended.
        Warning,
    }
}

mirror! {
    /// An employee's availability on a channel, set by them. Only an available employee gets new clients.
    EmployeeStatus of shared::model::employee::Status {
        /// Takes new clients.
        Available,
        /// Has enough to do.
        Busy,
        /// Is not at their desk.
        Away,
        /// Does not work today.
        Off,
    }
}

mirror! {
    /// What a client's message does to their finished chat.
    Reopening of shared::model::closing_options::Reopening {
        /// The chat becomes live again, as the same case.
        Reopen,
        /// The chat becomes live again, as a new case without a status yet.
        NewCase,
        /// The chat becomes an open case, without being live.
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
