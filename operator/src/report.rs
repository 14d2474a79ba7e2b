//! What `latchkey up` says when it is ready: a few aligned lines for people, one line of JSON for programs.

use std::io::{IsTerminal as _, Write as _};
use std::path::Path;

use serde::Serialize;

/// Where everything is.
#[derive(Debug, Serialize)]
pub(crate) struct ReadyLine<'a> {
    /// Address of the site.
    pub(crate) site: &'a str,
    /// Where e-mails that would have gone out can be read.
    pub(crate) outbox: String,
    /// Address of the admin pages and figures.
    pub(crate) admin: &'a str,
    /// The file with their password.
    pub(crate) admin_password: &'a Path,
    /// The data folder.
    pub(crate) data: &'a Path,
    /// This process.
    pub(crate) pid: u32,
    /// The hosts.
    pub(crate) hosts: Vec<ReadyHost>,
}

/// Where one host is.
#[derive(Debug, Serialize)]
pub(crate) struct ReadyHost {
    /// Its slot.
    pub(crate) slot: u16,
    /// Its process.
    pub(crate) pid: u32,
    /// Its rooms without the proxy in front.
    pub(crate) url: String,
    /// Its admin pages and figures.
    pub(crate) admin: String,
}

impl ReadyLine<'_> {
    /// Says it on standard output.
    pub(crate) fn say(&self, json: bool) -> std::io::Result<()> {
        let mut out = std::io::stdout().lock();
        if json {
            serde_json::to_writer(&mut out, self)?;
            return writeln!(out).and_then(|()| out.flush());
        }
        let (bold, dim, plain) = if out.is_terminal() {
            ("\x1b[1m", "\x1b[2m", "\x1b[0m")
        } else {
            ("", "", "")
        };
        writeln!(
            out,
            "\n  {bold}Latchkey is up.{plain}\n\n\
             \x20 Shop     {bold}{site}{plain}\n\
             \x20 Outbox   {outbox}   {dim}e-mails that would have gone out{plain}\n\
             \x20 Admin    {admin}   {dim}any user name, password in {password}{plain}\n\
             \x20 Data     {data}\n\n\
             \x20 {bold}Try this:{plain} buy The Locked Study (the test till takes no money), open the link,\n\
             \x20 then open the same link in a private window to be a second player.\n\n\
             \x20 {dim}Ctrl-C stops it; starting again finds everything as it was.{plain}\n",
            site = self.site,
            outbox = self.outbox,
            admin = self.admin,
            password = self.admin_password.display(),
            data = self.data.display(),
        )?;
        out.flush()
    }
}
