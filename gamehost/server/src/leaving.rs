//! Leaving: how long it may take, what the service manager hears meanwhile, and telling the machine's scaling group that it
//! need not wait any longer. Giving the rooms away is the host's.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use aws_sdk_autoscaling::Client;
use aws_sdk_autoscaling::error::ProvideErrorMetadata as _;
use latchkey_cloud::aws::SdkConfig;
use latchkey_protocol::UnixMs;
use tokio::time::{interval, sleep, timeout};

use crate::machine::Notice;
use crate::notify::Notify;
use crate::settings::Settings;

/// As many rooms as a host can have, at the pace at which they move, and a third of it for storing.
const LEAVE_WITHIN: Duration = Duration::from_secs(300);
/// A spot machine's host is done so long before the machine is taken away.
const DONE_BEFORE: Duration = Duration::from_secs(20);
/// From a spot notice to the end of the machine, less the time until it is noticed.
const NOTICE: Duration = Duration::from_secs(110);
/// However late it is, so much is tried.
const LEAVE_AT_LEAST: Duration = Duration::from_secs(5);
/// Between two tries to end the group's wait.
const COMPLETE_EVERY: Duration = Duration::from_secs(5);
/// Until when it is tried: a load balancer lets a machine go within 360 s, and the wait itself is 300 s long.
const COMPLETE_WITHIN: Duration = Duration::from_secs(900);
/// Between two words to the service manager.
const SAY_EVERY: Duration = Duration::from_secs(5);
/// By how much each of them extends the time.
const LONGER: Duration = Duration::from_secs(30);

/// How long leaving may take at `now`, for this reason; told to by the service manager when there is none.
pub(crate) fn within(notice: Option<Notice>, now: UnixMs) -> Duration {
    let left = match notice {
        None | Some(Notice::Terminated) => return LEAVE_WITHIN,
        Some(Notice::Interrupted(Some(at))) => Duration::from_millis(at.0.saturating_sub(now.0)),
        Some(Notice::Interrupted(None)) => NOTICE,
    };
    let left = left.saturating_sub(DONE_BEFORE);
    left.clamp(LEAVE_AT_LEAST, LEAVE_WITHIN)
}

/// Does `work`, and tells the service manager all the while that it goes on.
pub(crate) async fn told<T>(notify: &Notify, status: &str, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    let mut say = interval(SAY_EVERY);
    loop {
        tokio::select! {
            done = &mut work => return done,
            _ = say.tick() => notify.waiting(status, LONGER),
        }
    }
}

/// The wait of this machine's group, which ends when the machine says so.
pub(crate) struct Wait {
    client: Client,
    group: String,
    hook: String,
    instance: String,
}

impl Wait {
    /// `config` is of the machine's own region.
    pub(crate) fn new(config: &SdkConfig, settings: &Settings) -> Self {
        Self {
            client: Client::new(config),
            group: settings.scaling_group.clone(),
            hook: settings.lifecycle_hook.clone(),
            instance: settings.instance.clone(),
        }
    }

    /// Ends it. Until the load balancer has let the machine go there is none to end, and the call is refused.
    pub(crate) async fn end(&self) {
        let ended = async {
            while !self.complete().await {
                sleep(COMPLETE_EVERY).await;
            }
        };
        if timeout(COMPLETE_WITHIN, ended).await.is_err() {
            tracing::warn!(group = self.group, "the group's wait could not be ended");
        }
    }

    async fn complete(&self) -> bool {
        let call = self
            .client
            .complete_lifecycle_action()
            .auto_scaling_group_name(&self.group)
            .lifecycle_hook_name(&self.hook)
            .instance_id(&self.instance)
            .lifecycle_action_result("CONTINUE");
        match call.send().await {
            Ok(_) => {
                tracing::info!(group = self.group, "the group does not wait any longer");
                true
            }
            Err(error) => {
                let code = error.code().unwrap_or("no answer");
                tracing::debug!(code, "the group's wait cannot be ended yet");
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixDatagram;

    use super::*;

    #[test]
    fn a_spot_machine_is_left_before_it_is_taken_away() {
        let now = UnixMs(1_000_000);
        let left = |ms: u64| within(Some(Notice::Interrupted(Some(UnixMs(ms)))), now);
        assert_eq!(left(1_000_000 + 118_000), Duration::from_secs(98));
        assert_eq!(left(1_000_000 + 21_000), LEAVE_AT_LEAST);
        assert_eq!(left(0), LEAVE_AT_LEAST);
        assert_eq!(left(u64::MAX), LEAVE_WITHIN);
        let unread = within(Some(Notice::Interrupted(None)), now);
        assert_eq!(unread, Duration::from_secs(90));
        assert_eq!(within(Some(Notice::Terminated), now), LEAVE_WITHIN);
        assert_eq!(within(None, now), LEAVE_WITHIN);
    }

    #[tokio::test(start_paused = true)]
    async fn the_service_manager_hears_again_and_again_while_something_takes_its_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_nonblocking(true).unwrap();
        let notify = Notify::to(Some(path.display().to_string())).unwrap();
        told(&notify, "leaving", sleep(Duration::from_secs(12))).await;
        let mut heard = 0;
        let mut line = [0; 128];
        while let Ok(length) = socket.recv(&mut line) {
            assert_eq!(
                &line[..length],
                b"EXTEND_TIMEOUT_USEC=30000000\nSTATUS=leaving"
            );
            heard += 1;
        }
        assert_eq!(heard, 3, "at once, after 5 s and after 10 s");
    }
}
