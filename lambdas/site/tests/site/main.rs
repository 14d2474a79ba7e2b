//! Tests of the site through its router, as browsers and programs meet it.

mod app;
mod assets;
mod browser;
mod buying;
mod headers;
mod launching;
// The preview uses more of it.
#[allow(dead_code)]
mod made;
mod programs;
mod refusals;
mod regions;
mod stats;
