//! What a handler works on: the documents about one user's bot, and what it changes in them.

use avtomatika_engine::blueprint::{DocumentKey, DocumentWrite};
use avtomatika_engine::{Action, Context};
use avtomatika_protocol::WorkerId;
use avtomatika_protocol::bot::{BotState, Refusal, Verb};
use serde_json::Value;

use super::BotRunnerOptions;
use super::blueprint::FAILED;
use super::bots::{Bot, Busy, Desired, UserBots};
use super::door::Input;
use super::halt::{Decided, Halt};
use super::spec::Spec;
use super::task::Ended;

/// One bot of one user, as one run of a handler sees and changes it.
pub(super) struct Scene<'a> {
    pub(super) options: &'a BotRunnerOptions,
    pub(super) context: &'a Context<'a>,
    pub(super) input: Input<'a>,
    pub(super) bot_id: &'a str,
    pub(super) bots: UserBots,
    specs: Vec<DocumentWrite>,
}

impl<'a> Scene<'a> {
    /// Reads the documents; halts to load them first.
    pub(super) fn open(
        options: &'a BotRunnerOptions,
        context: &'a Context<'a>,
    ) -> Result<Self, Halt> {
        let input = Input::of(context)?;
        Ok(Self {
            options,
            context,
            input,
            bot_id: input.bot_id()?,
            bots: read_bots(context, input.user)?,
            specs: Vec::new(),
        })
    }

    /// The bot, if it is known.
    pub(super) fn bot(&self) -> Option<&Bot> {
        self.bots.bots.get(self.bot_id)
    }

    /// The bot, made known if it is not.
    pub(super) fn bot_mut(&mut self) -> &mut Bot {
        let now_ms = self.context.now_ms;
        let bots = &mut self.bots.bots;
        bots.entry(self.bot_id.to_owned())
            .or_insert_with(|| Bot::new(now_ms))
    }

    /// The marker on the bot, if it is this job's. Another job's means that this one was given
    /// up as vanished, and that the bot is not its to change any more.
    pub(super) fn mine(&self) -> Option<&Busy> {
        let busy = self.bot()?.busy.as_ref()?;
        (busy.job == self.context.job_id).then_some(busy)
    }

    /// Refuses while another job changes the bot.
    pub(super) fn refuse_busy(&self) -> Result<(), Halt> {
        let now_ms = self.context.now_ms;
        match self.bot().and_then(|bot| bot.changed_by(now_ms)) {
            Some(_) => Err(self.refuse(Refusal::BotBusy {
                bot_id: self.bot_id.to_owned(),
            })),
            None => Ok(()),
        }
    }

    /// Refuses because there is no such bot.
    pub(super) fn not_found(&self) -> Halt {
        self.refuse(Refusal::BotNotFound {
            bot_id: self.bot_id.to_owned(),
        })
    }

    /// Ends the job in a refusal.
    pub(super) fn refuse(&self, refusal: Refusal) -> Halt {
        Action::fail(FAILED, refusal.into()).into()
    }

    /// Marks the bot as being changed by this job.
    pub(super) fn begin(&mut self, verb: Verb) -> &mut Busy {
        let now_ms = self.context.now_ms;
        let until_ms = now_ms + self.options.busy_ms();
        let job = self.context.job_id;
        self.bot_mut().begin(job, verb, now_ms, until_ms)
    }

    /// Reads a version of the bot, if it is kept.
    pub(super) fn spec(&self, version: u64) -> Result<Option<Spec>, Halt> {
        let key = self.spec_key(version);
        load(self.context, std::slice::from_ref(&key))?;
        let value = self.context.documents.get(&key);
        Ok(value.map(Spec::read).transpose()?)
    }

    /// Writes a new version, answers its number and makes it the one this job brings in.
    pub(super) fn add_spec(&mut self, spec: &Spec) -> Result<u64, Halt> {
        let version = self.bot().map_or(0, |bot| bot.last_version) + 1;
        let key = self.spec_key(version);
        load(self.context, std::slice::from_ref(&key))?;
        self.specs.push(DocumentWrite {
            key,
            value: Some(spec.to_value()?),
        });
        let bot = self.bot_mut();
        bot.last_version = version;
        bot.versions.push(version);
        if let Some(busy) = &mut bot.busy {
            busy.version = Some(version);
            busy.fresh = true;
        }
        Ok(version)
    }

    /// Deletes versions of the bot.
    pub(super) fn drop_specs(&mut self, versions: &[u64]) -> Result<(), Halt> {
        self.bot_mut()
            .versions
            .retain(|version| !versions.contains(version));
        self.delete_specs(self.bot_id, versions)
    }

    fn delete_specs(&mut self, bot_id: &str, versions: &[u64]) -> Result<(), Halt> {
        let keys: Vec<_> = versions
            .iter()
            .map(|version| Spec::key(self.input.user, bot_id, *version))
            .collect();
        load(self.context, &keys)?;
        let deletes = keys
            .into_iter()
            .map(|key| DocumentWrite { key, value: None });
        self.specs.extend(deletes);
        Ok(())
    }

    /// Forgets the bot that was stopped longest ago, if a new one would be one too many.
    pub(super) fn make_room(&mut self) -> Result<(), Halt> {
        if self.bot().is_some() || self.bots.bots.len() < self.options.bots_kept_per_user {
            return Ok(());
        }
        let now_ms = self.context.now_ms;
        let stopped =
            self.bots.bots.iter().filter(|(_, bot)| {
                bot.desired == Desired::Stopped && bot.changed_by(now_ms).is_none()
            });
        let oldest = stopped.min_by_key(|(_, bot)| bot.updated_at_ms);
        if let Some(name) = oldest.map(|(name, _)| name.clone())
            && let Some(bot) = self.bots.bots.remove(&name)
        {
            self.delete_specs(&name, &bot.versions)?;
        }
        Ok(())
    }

    /// Makes a version the one that runs on this worker, and ends the job's hold on the bot.
    pub(super) fn adopt(
        &mut self,
        version: u64,
        worker: Option<WorkerId>,
        state: BotState,
    ) -> Result<(), Halt> {
        let context = self.context;
        let kept = self.options.spec_versions_kept.max(1);
        let started_at = self.context.data.get("started_at").and_then(Value::as_str);
        let started_at = started_at.map(str::to_owned);
        let bot = self.bot_mut();
        bot.desired = Desired::Running;
        bot.state = state;
        bot.spec_version = Some(version);
        bot.clear(worker.as_ref());
        bot.worker = worker;
        bot.suspect(Ended::of(context).lost_at());
        bot.started_at = started_at;
        bot.busy = None;
        let surplus = bot.versions.len().saturating_sub(kept);
        let others = bot
            .versions
            .iter()
            .copied()
            .filter(|other| *other != version);
        let surplus: Vec<u64> = others.take(surplus).collect();
        self.drop_specs(&surplus)
    }

    /// Ends the job's hold on the bot, and takes back the version it made.
    pub(super) fn release(&mut self) -> Result<(), Halt> {
        let busy = self.bot_mut().busy.take();
        match busy.filter(|busy| busy.fresh).and_then(|busy| busy.version) {
            Some(version) => self.drop_specs(&[version]),
            None => Ok(()),
        }
    }

    /// The action with all changes on it.
    pub(super) fn save(mut self, mut action: Action) -> Decided {
        let now_ms = self.context.now_ms;
        let bot = self.bot_mut();
        bot.updated_at_ms = now_ms;
        if bot.is_blank() && bot.busy.is_none() {
            self.bots.bots.remove(self.bot_id);
        }
        action.documents.append(&mut self.specs);
        Ok(action.put(UserBots::key(self.input.user), self.bots.to_value()?))
    }

    fn spec_key(&self, version: u64) -> DocumentKey {
        Spec::key(self.input.user, self.bot_id, version)
    }
}

/// Reads a user's bots; halts to load them first.
pub(super) fn read_bots(context: &Context<'_>, user: &str) -> Result<UserBots, Halt> {
    let key = UserBots::key(user);
    load(context, std::slice::from_ref(&key))?;
    Ok(UserBots::read(context.documents.get(&key))?)
}

/// Halts to load what is not loaded yet.
fn load(context: &Context<'_>, keys: &[DocumentKey]) -> Result<(), Halt> {
    let missing: Vec<DocumentKey> = keys
        .iter()
        .filter(|key| !context.documents.is_loaded(key))
        .cloned()
        .collect();
    if missing.is_empty() {
        Ok(())
    } else {
        Err(Action::load(missing).into())
    }
}
