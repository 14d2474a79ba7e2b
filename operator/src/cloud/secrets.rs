//! `latchkey cloud secrets`: what the programs' secrets hold (`deploy/README.md`). What others give is asked for on standard input,
//! a line each; the rest is made here. What is there stays, unless it is asked for again.

use std::collections::BTreeMap;
use std::io::{BufRead as _, Write as _};

use anyhow::{Context as _, Result};
use clap::Args;
use latchkey_cloud::aws::SdkConfig;
use latchkey_cloud::secrets::{SecretStore, unhex};
use latchkey_embedded::machine::OsEntropy;
use latchkey_platform::entropy;
use latchkey_platform::hex::hex;
use latchkey_protocol::TicketSigner;

/// What to ask for again, although it is there.
#[derive(Debug, Clone, Args)]
pub(crate) struct Again {
    /// Ask again for the database's address for the functions.
    #[arg(long)]
    database: bool,
    /// Ask again for the database's address for the hosts.
    #[arg(long)]
    host_database: bool,
    /// Ask again for the key of the payment provider's API.
    #[arg(long)]
    stripe_key: bool,
    /// Ask again for what the payment provider signs events with.
    #[arg(long)]
    stripe_webhook: bool,
}

type Fields = BTreeMap<String, String>;

/// The secrets with fields, as they are to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Secrets {
    database: Fields,
    links: Fields,
    site: Fields,
    host: Fields,
}

impl Secrets {
    fn named(&mut self) -> [(&'static str, &mut Fields); 4] {
        [
            ("database", &mut self.database),
            ("links", &mut self.links),
            ("site", &mut self.site),
            ("host", &mut self.host),
        ]
    }
}

/// Fills the secrets of `environment`.
pub(super) async fn fill(config: &SdkConfig, environment: &str, again: &Again) -> Result<()> {
    let store = SecretStore::new(config);
    let name = |what: &str| format!("latchkey/{environment}/{what}");
    let mut present = Secrets::default();
    for (what, fields) in present.named() {
        *fields = store.fields(&name(what)).await?;
    }
    let mut wanted = present.clone();
    complete(&mut wanted, again, ask, || entropy::bytes::<32>(&OsEntropy))?;
    for ((what, wanted), (_, present)) in wanted.named().into_iter().zip(present.named()) {
        if wanted == present {
            super::say(&format!("{} stays as it was", name(what)))?;
        } else {
            store.fill(&name(what), wanted).await?;
            super::say(&format!("{} is filled", name(what)))?;
        }
    }
    Ok(())
}

/// Adds what is not there, from `ask` or from `random`.
fn complete(
    secrets: &mut Secrets,
    again: &Again,
    mut ask: impl FnMut(&str) -> Result<String>,
    random: impl Fn() -> [u8; 32],
) -> Result<()> {
    let Secrets {
        database,
        links,
        site,
        host,
    } = secrets;
    let mut given = |fields: &mut Fields, field: &str, again: bool, what: &str| {
        if again || !fields.contains_key(field) {
            let answer = ask(what)?;
            // Whoever has nothing to give presses Enter.
            if !answer.is_empty() {
                fields.insert(field.to_owned(), answer);
            }
        }
        anyhow::Ok(())
    };
    given(
        database,
        "uri",
        again.database,
        "the database's address for the functions",
    )?;
    given(
        host,
        "uri",
        again.host_database,
        "the database's address for the hosts",
    )?;
    given(
        site,
        "stripe_key",
        again.stripe_key,
        "the secret key of Stripe's API",
    )?;
    given(
        site,
        "stripe_webhook",
        again.stripe_webhook,
        "the signing secret of Stripe's events",
    )?;
    let made = |fields: &mut Fields, field: &str| {
        let new = || hex(&random());
        fields.entry(field.to_owned()).or_insert_with(new).clone()
    };
    made(links, "links");
    made(site, "seats");
    made(host, "records");
    let private = unhex(&made(site, "tickets"));
    let private =
        private.context("the field tickets of the secret site is not 32 bytes in hexadecimal")?;
    let public = TicketSigner::from_secret(&private).verifier().to_public();
    host.insert("tickets_public".to_owned(), hex(&public));
    Ok(())
}

/// Asks a person, who types or pipes in a line.
fn ask(what: &str) -> Result<String> {
    eprint!("{what}: ");
    std::io::stderr().flush()?;
    let mut line = String::new();
    let read = std::io::stdin()
        .lock()
        .read_line(&mut line)
        .context("read standard input")?;
    anyhow::ensure!(
        read > 0,
        "standard input ended where {what} was to be given; nothing is changed"
    );
    Ok(line.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    const NOTHING_AGAIN: Again = Again {
        database: false,
        host_database: false,
        stripe_key: false,
        stripe_webhook: false,
    };

    /// Fills `secrets` with numbered answers and keys; returns what was asked.
    fn filled(secrets: &mut Secrets, again: &Again, from: u8) -> Vec<String> {
        let (mut asked, next) = (Vec::new(), Cell::new(from));
        let ask = |what: &str| {
            asked.push(what.to_owned());
            Ok(format!("answer {}", asked.len()))
        };
        let random = || [next.replace(next.get() + 1); 32];
        complete(secrets, again, ask, random).unwrap();
        asked
    }

    #[test]
    fn the_first_time_everything_is_asked_for_or_made() {
        let mut secrets = Secrets::default();
        assert_eq!(filled(&mut secrets, &NOTHING_AGAIN, 1).len(), 4);
        assert_eq!(secrets.host["uri"], "answer 2");
        assert_eq!(secrets.site["stripe_webhook"], "answer 4");
        let private = unhex(&secrets.site["tickets"]).unwrap();
        let public = TicketSigner::from_secret(&private).verifier().to_public();
        assert_eq!(secrets.host["tickets_public"], hex(&public));
        let keys = [
            &secrets.links["links"],
            &secrets.site["seats"],
            &secrets.site["tickets"],
            &secrets.host["records"],
        ];
        let different: std::collections::BTreeSet<_> = keys.into_iter().collect();
        assert_eq!(different.len(), 4, "each key is its own");
    }

    #[test]
    fn what_is_there_stays_unless_it_is_asked_for_again() {
        let mut secrets = Secrets::default();
        filled(&mut secrets, &NOTHING_AGAIN, 1);
        let before = secrets.clone();
        assert!(filled(&mut secrets, &NOTHING_AGAIN, 100).is_empty());
        assert_eq!(secrets, before);
        let again = Again {
            stripe_webhook: true,
            ..NOTHING_AGAIN
        };
        assert_eq!(filled(&mut secrets, &again, 100).len(), 1);
        assert_eq!(secrets.site["stripe_webhook"], "answer 1");
        assert_eq!(secrets.site["tickets"], before.site["tickets"]);
    }

    #[test]
    fn an_empty_answer_leaves_a_field_as_it_was() {
        let mut secrets = Secrets::default();
        complete(
            &mut secrets,
            &NOTHING_AGAIN,
            |_| Ok(String::new()),
            || [7; 32],
        )
        .unwrap();
        assert!(!secrets.site.contains_key("stripe_webhook"));
        assert!(secrets.site.contains_key("tickets"));
    }
}
