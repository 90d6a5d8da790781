//! How many bots a user may have.

use avtomatika_protocol::bot::{BotState, Refusal};

use super::bots::Desired;
use super::halt::Halt;
use super::scene::Scene;

impl Scene<'_> {
    /// Reserves a place for the bot, or refuses if there is none left. The document's version
    /// makes it atomic: of two jobs that count at once, one must count again.
    pub(super) fn reserve(&mut self) -> Result<(), Halt> {
        let active = self.bots.counted(self.context.now_ms);
        let max = u64::from(self.options.max_bots_per_user);
        let current = u64::try_from(active.len()).unwrap_or(u64::MAX);
        if current >= max && !active.iter().any(|name| name == self.bot_id) {
            return Err(self.refuse(Refusal::QuotaExceeded {
                current,
                max,
                active,
            }));
        }
        let bot = self.bot_mut();
        bot.desired = Desired::Running;
        bot.state = BotState::Starting;
        Ok(())
    }
}
