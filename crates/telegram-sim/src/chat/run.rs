//! The loop of a chat: lines in, answers out.

use std::{io, time::Duration};

use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::render::{Keyboard, Transcript};
use crate::{
    ClientError, Language, SimClient,
    control::{Answer, AnswerQuery, Injected, NewCallback, NewMessage, Person},
};

/// Length of one wait for answers; the next follows at once.
const WAIT_MS: u64 = 25_000;
/// After the last line, how long the bot may still answer it.
const LAST_WORD: Duration = Duration::from_secs(5);

/// Who talks to whom.
#[derive(Clone, Debug)]
pub struct ChatOptions {
    /// The bot: numeric id or whole token.
    pub bot: String,
    /// The user who writes.
    pub user: Person,
    /// Language of hints; the bot's words stay as they are.
    pub language: Language,
}

/// Why a chat broke off.
#[derive(Debug, thiserror::Error)]
pub enum ChatError {
    /// The simulator refused, or is gone.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// A line could not be read, or an answer not written.
    #[error("read or write the terminal")]
    Terminal(#[from] io::Error),
    /// No such bot.
    #[error("no bot {0}: it has not called the simulator yet")]
    UnknownBot(String),
}

/// Chats until the input ends. What the bot says on its own is shown too.
///
/// # Errors
///
/// When the bot is not known, the simulator goes away, or the terminal does.
pub async fn run<R, W>(
    client: &SimClient,
    options: ChatOptions,
    input: R,
    output: W,
) -> Result<(), ChatError>
where
    R: AsyncBufRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let info = client.bot(&options.bot).await?;
    let info = info.ok_or_else(|| ChatError::UnknownBot(shown(&options.bot)))?;
    let mut chat = Chat {
        client,
        transcript: Transcript::new(&info.first_name, options.language),
        keyboard: None,
        seen_seq: info.last_seq,
        unanswered: false,
        options,
        output,
    };
    chat.hint().await?;
    let mut lines = input.lines();
    loop {
        let query = chat.query(WAIT_MS);
        // Dropping either side of the race is harmless: a line stays buffered, and an answer is
        // asked for again by its sequence number.
        tokio::select! {
            line = lines.next_line() => match line?.as_deref().map(str::trim) {
                None | Some("/quit") => break,
                Some("") => {}
                Some(line) => chat.say(line).await?,
            },
            answers = client.answers(&chat.options.bot, &query) => chat.show(&answers?).await?,
        }
    }
    chat.last_word().await
}

/// A token that nobody simulates may be a real one: only its id is shown.
fn shown(bot: &str) -> String {
    bot.split(':').next().unwrap_or_default().to_owned()
}

struct Chat<'a, W> {
    client: &'a SimClient,
    transcript: Transcript,
    keyboard: Option<Keyboard>,
    seen_seq: u64,
    /// Whether something was said to the bot and it has not reacted yet.
    unanswered: bool,
    options: ChatOptions,
    output: W,
}

impl<W: AsyncWrite + Unpin> Chat<'_, W> {
    async fn hint(&mut self) -> Result<(), ChatError> {
        let hint = self.options.language.pick(
            "Write a message; /press N presses a button, /quit leaves.\n",
            "Напишите сообщение; /press N нажимает кнопку, /quit — выход.\n",
        );
        self.write(hint).await
    }

    fn query(&self, timeout_ms: u64) -> AnswerQuery {
        let chat_id = Some(self.options.user.id);
        AnswerQuery {
            after_seq: self.seen_seq,
            chat_id,
            timeout_ms,
            settle_ms: 0,
        }
    }

    async fn say(&mut self, line: &str) -> Result<(), ChatError> {
        let injected = match line.strip_prefix("/press") {
            Some(number) if number.is_empty() || number.starts_with(' ') => {
                match self.press(number.trim()).await? {
                    Some(injected) => injected,
                    None => return Ok(()),
                }
            }
            _ => {
                let new = NewMessage {
                    from: self.options.user.clone(),
                    text: line.to_owned(),
                    ..NewMessage::default()
                };
                self.client.inject(&self.options.bot, &new).await?
            }
        };
        self.unanswered = injected.queued;
        Ok(())
    }

    async fn press(&mut self, number: &str) -> Result<Option<Injected>, ChatError> {
        let at = number
            .parse::<usize>()
            .ok()
            .and_then(|number| number.checked_sub(1));
        let pressed = self.keyboard.as_ref().and_then(|keyboard| {
            let (_, data) = keyboard.buttons.get(at?)?;
            Some((keyboard.message_id, data.clone()?))
        });
        let Some((message_id, data)) = pressed else {
            let hint = self
                .options
                .language
                .pick("There is no such button to press.\n", "Такой кнопки нет.\n");
            self.write(hint).await?;
            return Ok(None);
        };
        let from = self.options.user.clone();
        let new = NewCallback {
            from,
            message_id: Some(message_id),
            chat_id: None,
            data,
        };
        Ok(Some(self.client.press(&self.options.bot, &new).await?))
    }

    async fn show(&mut self, answers: &[Answer]) -> Result<(), ChatError> {
        for answer in answers {
            self.seen_seq = answer.seq;
            self.unanswered = false;
            let (text, keyboard) = self.transcript.answer(answer);
            if keyboard.is_some() {
                self.keyboard = keyboard;
            }
            self.write(&text).await?;
        }
        Ok(())
    }

    /// Lets the bot answer the last line when the input came from a pipe.
    async fn last_word(&mut self) -> Result<(), ChatError> {
        if !self.unanswered {
            return Ok(());
        }
        let timeout_ms = u64::try_from(LAST_WORD.as_millis()).unwrap_or_default();
        let query = AnswerQuery {
            settle_ms: 200,
            ..self.query(timeout_ms)
        };
        let answers = self.client.answers(&self.options.bot, &query).await?;
        self.show(&answers).await
    }

    async fn write(&mut self, text: &str) -> Result<(), ChatError> {
        self.output.write_all(text.as_bytes()).await?;
        Ok(self.output.flush().await?)
    }
}
