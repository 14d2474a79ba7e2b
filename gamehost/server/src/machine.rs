//! Whether this machine is to go, as a plain state machine: what to ask of its metadata when, and what the answers mean
//! (the table in `deploy/README.md`). It does nothing itself and reads no clock; asking is `metadata`'s, leaving `leaving`'s.

use std::time::Duration;

use latchkey_protocol::UnixMs;
use serde::Deserialize;

/// Between two rounds of questions.
const ASK_EVERY: Duration = Duration::from_secs(5);
/// How long a session with the service lasts: the longest there is.
const SESSION: Duration = Duration::from_secs(21_600);
/// A session is renewed so long before its end.
const RENEW_BEFORE: Duration = Duration::from_secs(600);
/// Bytes of a session's token.
const TOKEN: usize = 1_024;

/// Why the machine is to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notice {
    /// Its group takes it away.
    Terminated,
    /// It is a spot machine that is wanted elsewhere; then it is gone, as far as the notice could be read.
    Interrupted(Option<UnixMs>),
}

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Whether it is a `PUT`; else it is a `GET`.
    pub(crate) puts: bool,
    /// Below the service's address.
    pub(crate) path: &'static str,
    /// Its one header.
    pub(crate) header: (&'static str, String),
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    /// As in HTTP.
    pub(crate) status: u16,
    /// Its body.
    pub(crate) body: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Step {
    #[default]
    State,
    Interruption,
}

/// What is known of the machine. Times are since it was first asked.
#[derive(Debug, Default)]
pub(crate) struct Machine {
    /// The session's token, and when it ends.
    session: Option<(String, Duration)>,
    step: Step,
    due: Duration,
}

impl Machine {
    /// When the next question is to be asked.
    pub(crate) fn due(&self) -> Duration {
        self.due
    }

    /// The next question.
    pub(crate) fn question(&self, now: Duration) -> Asked {
        let Some(token) = self.token(now) else {
            let seconds = SESSION.as_secs().to_string();
            return Asked {
                puts: true,
                path: "/latest/api/token",
                header: ("x-aws-ec2-metadata-token-ttl-seconds", seconds),
            };
        };
        let path = match self.step {
            Step::State => "/latest/meta-data/autoscaling/target-lifecycle-state",
            Step::Interruption => "/latest/meta-data/spot/instance-action",
        };
        Asked {
            puts: false,
            path,
            header: ("x-aws-ec2-metadata-token", token.to_owned()),
        }
    }

    /// Takes in what the question that was due at `now` was answered, if it was. What cannot be understood is no reason to
    /// leave.
    pub(crate) fn answered(&mut self, now: Duration, answer: Option<Answer>) -> Option<Notice> {
        let good = answer.as_ref().filter(|answer| answer.status == 200);
        let body = good.map(|answer| answer.body.trim());
        if self.token(now).is_none() {
            let token = body.filter(|token| is_token(token));
            self.session = token.map(|token| (token.to_owned(), now + SESSION));
            if self.session.is_none() {
                self.due = now + ASK_EVERY;
            }
            return None;
        }
        if answer.as_ref().is_some_and(|answer| answer.status == 401) {
            self.session = None;
        }
        match self.step {
            Step::State => {
                self.step = Step::Interruption;
                (body == Some("Terminated")).then_some(Notice::Terminated)
            }
            Step::Interruption => {
                self.step = Step::State;
                self.due = now + ASK_EVERY;
                body.and_then(interruption)
            }
        }
    }

    fn token(&self, now: Duration) -> Option<&str> {
        let (token, ends) = self.session.as_ref()?;
        (now + RENEW_BEFORE < *ends).then_some(token.as_str())
    }
}

/// Whether it may be sent as a header.
fn is_token(text: &str) -> bool {
    (1..=TOKEN).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn interruption(body: &str) -> Option<Notice> {
    /// As the service says it.
    #[derive(Deserialize)]
    struct Interruption {
        #[serde(rename = "action")]
        _action: String,
        time: String,
    }
    let found: Interruption = serde_json::from_str(body).ok()?;
    Some(Notice::Interrupted(moment(&found.time)))
}

/// A moment as `2026-11-22T08:00:00Z`.
fn moment(text: &str) -> Option<UnixMs> {
    use aws_sdk_autoscaling::primitives::{DateTime, DateTimeFormat};
    let moment = DateTime::from_str(text, DateTimeFormat::DateTime).ok()?;
    u64::try_from(moment.to_millis().ok()?).ok().map(UnixMs)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN_PATH: &str = "/latest/api/token";
    const STATE_PATH: &str = "/latest/meta-data/autoscaling/target-lifecycle-state";
    const SPOT_PATH: &str = "/latest/meta-data/spot/instance-action";

    fn says(status: u16, body: &str) -> Option<Answer> {
        Some(Answer {
            status,
            body: body.to_owned(),
        })
    }

    /// A machine with its session, at the beginning.
    fn machine() -> Machine {
        let mut machine = Machine::default();
        assert_eq!(machine.question(Duration::ZERO).path, TOKEN_PATH);
        assert_eq!(machine.answered(Duration::ZERO, says(200, "abc")), None);
        machine
    }

    /// What two answers of one round come to.
    fn round(state: Option<Answer>, spot: Option<Answer>) -> Option<Notice> {
        let mut machine = machine();
        let first = machine.answered(Duration::ZERO, state);
        first.or_else(|| machine.answered(Duration::ZERO, spot))
    }

    #[test]
    fn a_session_is_opened_with_a_put_and_shown_with_every_question() {
        let mut machine = Machine::default();
        let asked = machine.question(Duration::ZERO);
        assert!(asked.puts);
        assert_eq!(asked.header.1, "21600");
        machine.answered(Duration::ZERO, says(200, "abc\n"));
        for path in [STATE_PATH, SPOT_PATH, STATE_PATH] {
            let asked = machine.question(machine.due());
            assert_eq!((asked.puts, asked.path), (false, path));
            assert_eq!(asked.header, ("x-aws-ec2-metadata-token", "abc".to_owned()));
            assert_eq!(machine.answered(machine.due(), says(404, "")), None);
        }
        assert_eq!(machine.due(), ASK_EVERY, "the rounds keep their distance");
    }

    #[test]
    fn a_session_is_renewed_before_it_ends_and_when_the_service_does_not_know_it() {
        let mut machine = machine();
        let late = SESSION - RENEW_BEFORE;
        assert_eq!(
            machine.question(late - Duration::from_secs(1)).path,
            STATE_PATH
        );
        assert_eq!(machine.question(late).path, TOKEN_PATH);
        assert_eq!(machine.answered(late, says(200, "def")), None);
        assert_eq!(machine.question(late).header.1, "def");
        assert_eq!(machine.answered(late, says(401, "")), None);
        assert_eq!(machine.question(late).path, TOKEN_PATH);
    }

    #[test]
    fn only_the_word_terminated_is_a_reason_to_leave() {
        let nothing = || says(404, "");
        assert_eq!(
            round(says(200, "Terminated"), nothing()),
            Some(Notice::Terminated)
        );
        assert_eq!(
            round(says(200, "Terminated\n"), nothing()),
            Some(Notice::Terminated)
        );
        for state in [
            says(200, "InService"),
            says(200, "Standby"),
            says(200, "Warmed:Terminated"),
            says(200, ""),
            says(404, "Terminated"),
            says(500, "Terminated"),
            None,
        ] {
            assert_eq!(round(state.clone(), nothing()), None, "{state:?}");
        }
    }

    #[test]
    fn a_spot_notice_says_until_when() {
        let quiet = || says(200, "InService");
        let json = r#"{"action": "terminate", "time": "2026-11-22T08:02:00Z"}"#;
        let at = Some(UnixMs(1_795_334_520_000));
        assert_eq!(
            round(quiet(), says(200, json)),
            Some(Notice::Interrupted(at))
        );
        assert_eq!(round(None, says(200, json)), Some(Notice::Interrupted(at)));
        let unread = r#"{"action": "stop", "time": "soon"}"#;
        assert_eq!(
            round(quiet(), says(200, unread)),
            Some(Notice::Interrupted(None))
        );
        for spot in [
            says(404, json),
            says(200, "{}"),
            says(200, "terminate"),
            says(503, ""),
            None,
        ] {
            assert_eq!(round(quiet(), spot.clone()), None, "{spot:?}");
        }
    }

    #[test]
    fn a_service_that_does_not_answer_is_asked_again_after_a_while_for_ever() {
        let mut machine = Machine::default();
        for bad in [None, says(403, ""), says(200, ""), says(200, "two words")] {
            let now = machine.due();
            assert_eq!(machine.question(now).path, TOKEN_PATH);
            assert_eq!(machine.answered(now, bad), None);
            assert_eq!(machine.due(), now + ASK_EVERY);
        }
    }
}
