//! The words of the site, apart from templates and handlers. A language is one `static` of [`Text`]: the compiler
//! refuses one that lacks a sentence. What buyers and authors write (names, descriptions) is not here.

pub(crate) mod en;

/// Two texts that belong together: a head and its sentence, a question and its answer.
pub(crate) type Pair = (&'static str, &'static str);

/// All words of one language.
pub(crate) struct Text {
    pub(crate) lang: &'static str,
    pub(crate) frame: Frame,
    pub(crate) form: Form,
    pub(crate) copy: Copying,
    pub(crate) facts: Facts,
    pub(crate) catalogue: Catalogue,
    pub(crate) title: Title,
    pub(crate) checkout: Checkout,
    pub(crate) thanks: Thanks,
    pub(crate) cancelled: Cancelled,
    pub(crate) launch: Launch,
    pub(crate) lobby: Lobby,
    pub(crate) play: Play,
    pub(crate) end: End,
    pub(crate) resend: Resend,
    pub(crate) errors: Errors,
}

/// Puts values in the place of `{name}` in a sentence. Unknown names stay visible, so that a page test sees them.
pub(crate) fn fill(sentence: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(sentence.len() + 32);
    let mut rest = sentence;
    while let Some(start) = rest.find('{') {
        let Some(length) = rest[start..].find('}') else {
            break;
        };
        let name = &rest[start + 1..start + length];
        filled.push_str(&rest[..start]);
        match values.iter().find(|(known, _)| *known == name) {
            Some((_, value)) => filled.push_str(value),
            None => filled.push_str(&rest[start..=start + length]),
        }
        rest = &rest[start + length + 1..];
    }
    filled.push_str(rest);
    filled
}

/// Declares the groups of words: only strings, lists of strings and pairs.
macro_rules! words {
    ($($(#[$attribute:meta])* $group:ident { $($field:ident: $kind:ty),* $(,)? })*) => {
        $($(#[$attribute])* pub(crate) struct $group { $(pub(crate) $field: $kind),* })*
    };
}

type Words = &'static str;

words! {
    /// Around every page.
    Frame { skip: Words, navigation: Words, games: Words, resend: Words, outbox: Words, promise: Words }
    /// What all forms say.
    Form { error_prefix: Words, summary: Words }
    /// Copying a link.
    Copying { button: Words, done: Words, failed: Words }
    /// Numbers of players and minutes.
    Facts { one_player: Words, players: Words, player_range: Words, minutes: Words, minute_range: Words }
    /// The list of games.
    Catalogue {
        title: Words, heading: Words, lead: Words, choose: Words, picture: Words, games: Words, none: Words,
        how: Words, steps: &'static [Pair],
    }
    /// One game.
    Title {
        once: Words, buy: Words, everyone: Words, about: Words, questions: Words,
        answers: &'static [Pair],
    }
    /// The checkout form.
    Checkout {
        title: Words, heading: Words, email: Words, email_hint: Words, email_empty: Words, email_wrong: Words,
        country: Words, country_hint: Words, country_wrong: Words, choose: Words, terms: Words,
        terms_wrong: Words, pay: Words, pay_hint: Words, bag: Words, promises: &'static [Words],
    }
    /// After the till.
    Thanks {
        title: Words, confirming: Words, confirming_lead: Words, not_yet: Words, check: Words, waiting: Words,
        slow: Words, ready: Words, ready_lead: Words, link: Words, go: Words, mailed: Words, unreached: Words, returned: Words,
        returned_lead: Words, withdrawn: Words, withdrawn_lead: Words, receipt: Words, order: Words, game: Words, date: Words, country: Words,
        tax: Words, total: Words,
    }
    /// When nothing was paid.
    Cancelled {
        title: Words, heading: Words, lead: Words, declined: Words, declined_lead: Words, again: Words,
        paid_after_all: Words,
    }
    /// Taking a seat, and the lobby.
    Launch {
        heading: Words, invited: Words, name: Words, name_hint: Words, name_wrong: Words, colour: Words,
        colour_wrong: Words, colours: &'static [Words], enter: Words, full: Words, here: Words,
        nobody: Words, you: Words, has_seat: Words, welcome: Words, ready: Words, ready_lead: Words,
        begin: Words, begun: Words, begun_lead: Words, enter_game: Words, invite: Words, invite_lead: Words,
        invite_link: Words, check: Words, check_lead: Words, check_again: Words, chime: Words, no_script: Words,
        change: Words, save: Words,
    }
    /// What the lobby's script says.
    #[derive(serde::Serialize)]
    Lobby {
        online: Words, away: Words, you: Words, connecting: Words, live: Words, waiting: Words,
        taken: Words, ended: Words, saved: Words, not_saved: Words, begun_by: Words, enter_game: Words,
        begin_failed: Words, socket: Words, socket_good: Words, socket_bad: Words, storage: Words,
        storage_good: Words, storage_bad: Words, clock: Words, clock_good: Words, clock_off: Words, clock_bad: Words,
        audio: Words, audio_good: Words, audio_bad: Words, checking: Words, good: Words, bad: Words,
    }
    /// The frame of the play page.
    Play { loading: Words, failed: Words, no_script: Words }
    /// The end page.
    End {
        title: Words, running: Words, running_lead: Words, back: Words, waiting: Words, waiting_lead: Words,
        progress: Words, usually: Words, look_again: Words, slow: Words, gone: Words, escaped: Words,
        given_up: Words, finished: Words, fastest: Words, fastest_of_two: Words, slowest_of_two: Words,
        compared: Words, first: Words, not_out: Words, timeline: Words, timeline_picture: Words,
        durations_picture: Words, no_durations: Words,
        no_milestones: Words, as_table: Words, milestone: Words, by: Words, at: Words, durations: Words,
        minutes: Words, groups: Words, yours: Words, players: Words, player: Words, messages: Words,
        hints: Words, milestones: Words, more: Words, nobody: Words,
    }
    /// Resending a link.
    Resend {
        title: Words, heading: Words, lead: Words, email_hint: Words, send: Words, sent: Words,
        sent_lead: Words, sent_hints: &'static [Words], another: Words,
    }
    /// When something went wrong.
    Errors {
        home: Words, code: Words, incident: Words, bad_request: Plight, foreign: Plight, seat: Plight,
        not_found: Plight, method: Plight, conflict: Plight, large: Plight, long: Plight,
        headers: Plight, media: Plight, often: Plight, fault: Plight, busy: Plight,
    }
}

/// One kind of error page: its heading, what happened, and what helps.
#[derive(Clone, Copy)]
pub(crate) struct Plight {
    pub(crate) heading: &'static str,
    pub(crate) what: &'static str,
    pub(crate) todo: &'static str,
}

#[cfg(test)]
mod tests {
    use super::fill;

    #[test]
    fn values_take_the_place_of_their_names_and_are_not_read_again() {
        assert_eq!(
            fill("{a} and {b}", &[("a", "{b}"), ("b", "2")]),
            "{b} and 2"
        );
        assert_eq!(
            fill("{c} stays, and so does {", &[]),
            "{c} stays, and so does {"
        );
    }
}
