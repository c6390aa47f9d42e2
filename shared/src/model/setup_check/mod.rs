//! The set-up check (B7): which of an account's settings keep messages from arriving, clients from being assigned, or
//! employees from answering. Pure: rows in, findings out.

mod codes;
mod people;
mod texts;

pub use crate::model::setup_check::codes::{Code, Level};

use crate::base::clock::Timestamp;
use crate::base::ids::{ChannelId, ConnectionId, EmployeeId};
use crate::model::account::Account;
use crate::model::channel::Channel;
use crate::model::connection::{Connection, ConnectionState};
use crate::model::crm::{Capabilities, CrmConnection, CrmKind, CrmState};
use crate::model::employee::{Employee, Membership};
use crate::model::messenger::ChannelState;
use crate::model::pipeline::Pipelines;
use std::collections::BTreeMap;

/// A finding, and what it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Its code.
    pub code: Code,
    /// The connection.
    pub connection: Option<ConnectionId>,
    /// The channel.
    pub channel: Option<ChannelId>,
    /// The employee.
    pub employee: Option<EmployeeId>,
    /// The messenger.
    pub messenger: Option<String>,
    /// What is wrong, in the account's language.
    pub message: String,
}

/// An account's settings.
#[derive(Clone, Copy, Debug)]
pub struct Setup<'a> {
    /// The account.
    pub account: &'a Account,
    /// Its connections.
    pub connections: &'a [Connection],
    /// Its channels.
    pub channels: &'a [Channel],
    /// Its employees.
    pub employees: &'a [Employee],
    /// Their memberships of channels.
    pub members: &'a [Membership],
    /// Its CRM connection.
    pub crm: Option<&'a CrmConnection>,
    /// The capabilities of its kind of CRM.
    pub crm_can: Capabilities,
    /// The CRM's pipelines.
    pub pipelines: Option<&'a Pipelines>,
}

/// All findings, errors first.
pub fn check(setup: &Setup<'_>, now: Timestamp) -> Vec<Finding> {
    let mut found = Findings { setup: *setup, findings: Vec::new() };
    found.connections();
    for channel in setup.channels {
        found.channel(channel, now);
    }
    found.defaults();
    found.employees();
    found.crm(now);
    found.findings.sort_by_key(|finding| finding.code.level());
    found.findings
}

/// What a finding is about.
#[derive(Clone, Copy, Default)]
struct About<'a> {
    connection: Option<&'a Connection>,
    channel: Option<&'a Channel>,
    employee: Option<&'a Employee>,
    messenger: Option<&'a str>,
}

struct Findings<'a> {
    setup: Setup<'a>,
    findings: Vec<Finding>,
}

impl<'a> Findings<'a> {
    fn add(&mut self, code: Code, about: About<'_>) {
        self.findings.push(Finding {
            code,
            connection: about.connection.map(|connection| connection.connection.clone()),
            channel: about.channel.map(|channel| channel.channel.clone()),
            employee: about.employee.map(|employee| employee.employee.clone()),
            messenger: about.messenger.map(str::to_owned),
            message: texts::text(code, about, self.setup.account.language),
        });
    }

    fn connections(&mut self) {
        if self.setup.connections.is_empty() {
            self.add(Code::NoConnection, About::default());
        }
        for connection in self.setup.connections {
            let code = match connection.state {
                ConnectionState::Connected => continue,
                ConnectionState::Connecting => Code::ConnectionNotReady,
                ConnectionState::Unauthorized => Code::ConnectionUnauthorized,
            };
            self.add(code, About { connection: Some(connection), ..About::default() });
        }
    }

    fn channel(&mut self, channel: &'a Channel, now: Timestamp) {
        let about = About { channel: Some(channel), ..About::default() };
        if channel.ignored {
            return self.add(Code::ChannelIgnored, about);
        }
        match channel.state {
            ChannelState::Active => {}
            ChannelState::Pending => self.add(Code::ChannelPending, about),
            ChannelState::NeedsAttention => self.add(Code::ChannelNeedsAttention, about),
            ChannelState::Unauthorized => self.add(Code::ChannelUnauthorized, about),
            ChannelState::Disabled => return self.add(Code::ChannelDisabled, about),
        }
        if channel.paused {
            self.add(Code::ChannelPaused, about);
        }
        self.members(channel, about, now);
        self.stage(channel, about);
    }

    /// Checks that the stage in which the channel's deals are created still exists.
    fn stage(&mut self, channel: &Channel, about: About<'_>) {
        let Some(stage) = &channel.deal_stage else { return };
        let stands = |loaded: &Pipelines| {
            let mut pipelines = loaded.pipelines.iter().filter(|known| known.id == stage.pipeline_id);
            pipelines.any(|pipeline| pipeline.stages.iter().any(|known| known.id == stage.stage_id))
        };
        // No pipelines at all are one finding, not one per channel.
        let loaded = self.setup.pipelines.filter(|loaded| !loaded.pipelines.is_empty());
        let applies = self.setup.crm_can.stages;
        if applies && loaded.is_some_and(|loaded| !stands(loaded)) {
            self.add(Code::StageUnknown, about);
        }
    }

    /// Checks the account's default channels (B7): bots need one where a messenger has several channels.
    fn defaults(&mut self) {
        let mut channels: BTreeMap<String, usize> = BTreeMap::new();
        for messenger in self.setup.channels.iter().filter(|channel| usable(channel)).filter_map(messenger_of)
        {
            *channels.entry(messenger).or_default() += 1;
        }
        for (messenger, count) in &channels {
            if *count > 1 && !self.setup.account.default_channels.contains_key(messenger) {
                self.add(Code::NoAccountDefault, About { messenger: Some(messenger), ..About::default() });
            }
        }
        for (messenger, default) in &self.setup.account.default_channels {
            let channel = self.setup.channels.iter().find(|channel| channel.channel == *default);
            if !channel.is_some_and(usable) {
                let about = About { channel, messenger: Some(messenger), ..About::default() };
                self.add(Code::AccountDefaultUnusable, about);
            }
        }
    }

    fn employees(&mut self) {
        if self.setup.employees.is_empty() {
            return self.add(Code::NoEmployees, About::default());
        }
        let channels: BTreeMap<&str, &Channel> =
            self.setup.channels.iter().map(|channel| (channel.channel.as_str(), channel)).collect();
        let mut places: BTreeMap<&str, Vec<(&Channel, &Membership)>> = BTreeMap::new();
        for member in self.setup.members {
            if let Some(channel) = channels.get(member.channel.as_str()) {
                places.entry(member.employee.as_str()).or_default().push((channel, member));
            }
        }
        for employee in self.setup.employees {
            match places.get(employee.employee.as_str()) {
                Some(places) => self.employee(employee, places),
                None => {
                    let about = About { employee: Some(employee), ..About::default() };
                    self.add(Code::EmployeeWithoutRole, about);
                }
            }
        }
    }

    /// Checks that an employee whose role may write can do so in each of their messengers, and by which channel.
    fn employee(&mut self, employee: &Employee, places: &[(&Channel, &Membership)]) {
        let mut by_messenger: BTreeMap<String, Vec<&Membership>> = BTreeMap::new();
        for (channel, place) in
            places.iter().filter(|(channel, place)| usable(channel) && place.role.may_write())
        {
            if let Some(messenger) = messenger_of(channel) {
                by_messenger.entry(messenger).or_default().push(place);
            }
        }
        for (messenger, places) in &by_messenger {
            let about = About { employee: Some(employee), messenger: Some(messenger), ..About::default() };
            let bound = places.iter().filter(|place| place.sends).count();
            let has_default = places.iter().any(|place| place.sends && place.is_default)
                || self.setup.account.default_channels.contains_key(messenger);
            if bound == 0 {
                self.add(Code::EmployeeNotBound, about);
            } else if bound > 1 && !has_default {
                self.add(Code::EmployeeWithoutDefault, about);
            }
        }
    }

    fn crm(&mut self, now: Timestamp) {
        let kind = self.setup.account.crm_kind;
        let row = self.setup.crm.filter(|row| row.kind == kind && kind != CrmKind::None);
        let Some(row) = row else { return self.add(Code::NoCrm, About::default()) };
        if row.state == CrmState::Unauthorized {
            self.add(Code::CrmUnauthorized, About::default());
        } else if row.paused_until.is_some_and(|until| until > now) {
            self.add(Code::CrmPaused, About::default());
        }
        let loaded = self.setup.pipelines.is_some_and(|loaded| !loaded.pipelines.is_empty());
        let mut used = self.setup.channels.iter().filter(|channel| usable(channel));
        if self.setup.crm_can.stages && !loaded && used.any(|channel| channel.deal_stage.is_some()) {
            self.add(Code::NoPipelines, About::default());
        }
    }
}

/// Whether the channel is used at all.
fn usable(channel: &Channel) -> bool {
    !channel.ignored && channel.state != ChannelState::Disabled
}

fn messenger_of(channel: &Channel) -> Option<String> {
    channel.messenger().map(|messenger| messenger.as_str().to_owned())
}

#[cfg(test)]
mod tests;
