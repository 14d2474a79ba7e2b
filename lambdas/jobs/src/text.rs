//! The words of the e-mails, apart from how they are put together, so that languages can be added.

/// The words of one language.
pub(crate) struct Words {
    pub(crate) confirm: Confirm,
    pub(crate) resend: Resend,
}

/// Words of the purchase e-mail.
pub(crate) struct Confirm {
    pub(crate) subject: &'static str,
    pub(crate) heading: &'static str,
    pub(crate) what: &'static str,
    pub(crate) open: &'static str,
    pub(crate) share: &'static str,
    pub(crate) receipt: &'static str,
    pub(crate) order: &'static str,
    pub(crate) title: &'static str,
    pub(crate) date: &'static str,
    pub(crate) price: &'static str,
    pub(crate) tax: &'static str,
    pub(crate) keep: &'static str,
}

/// Words of the e-mail with links sent again.
pub(crate) struct Resend {
    pub(crate) subject: &'static str,
    pub(crate) heading: &'static str,
    pub(crate) what: &'static str,
    pub(crate) order: &'static str,
    pub(crate) open: &'static str,
    pub(crate) why: &'static str,
}

/// English.
pub(crate) const EN: Words = Words {
    confirm: Confirm {
        subject: "Your game: {title}",
        heading: "{title} is yours",
        what: "Thank you for your purchase. Your game is ready whenever you are; it starts when you press Begin, not before.",
        open: "Open your game",
        share: "Send the same link to the friends you want to play with. Whoever opens it joins your game, on any computer, tablet or phone, without an account.",
        receipt: "Receipt",
        order: "Order",
        title: "Title",
        date: "Date",
        price: "Paid",
        tax: "of which tax ({country})",
        keep: "Keep this e-mail: the link in it is your key. If you lose it, the shop can send it to this address again.",
    },
    resend: Resend {
        subject: "Your games at Latchkey",
        heading: "Your games",
        what: "Here are the links to the games bought with this address.",
        order: "Order",
        open: "Open the game",
        why: "Somebody asked the shop to send these links to this address. If it was not you, there is nothing to do: only you received them.",
    },
};

/// Puts values in the places named `{name}`.
pub(crate) fn fill(words: &str, values: &[(&str, &str)]) -> String {
    values
        .iter()
        .fold(words.to_owned(), |words, (name, value)| {
            words.replace(&format!("{{{name}}}"), value)
        })
}
