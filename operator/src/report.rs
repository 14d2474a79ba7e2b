//! What `latchkey up` says when it is ready: a few aligned lines for people, one line of JSON for programs.

use std::io::{IsTerminal as _, Write as _};
use std::path::Path;

use serde::Serialize;

/// Where everything is.
#[derive(Debug, Serialize)]
pub(crate) struct Ready<'a> {
    /// Address of the site.
    pub(crate) site: &'a str,
    /// Where e-mails that would have gone out can be read.
    pub(crate) outbox: String,
    /// Figures for monitoring.
    pub(crate) metrics: String,
    /// The data folder.
    pub(crate) data: &'a Path,
    /// This process.
    pub(crate) pid: u32,
}

impl Ready<'_> {
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
             \x20 Figures  {metrics}\n\
             \x20 Data     {data}\n\n\
             \x20 {bold}Try this:{plain} buy The Locked Study (the test till takes no money), open the link,\n\
             \x20 then open the same link in a private window to be a second player.\n\n\
             \x20 {dim}Ctrl-C stops it; starting again finds everything as it was.{plain}\n",
            site = self.site,
            outbox = self.outbox,
            metrics = self.metrics,
            data = self.data.display(),
        )?;
        out.flush()
    }
}
