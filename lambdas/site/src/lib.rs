//! The website and its API as one stateless axum router: pages, forms, the payment webhook, assets and the files of titles.
//! What the business does is the platform's; here it gets addresses, words and looks. The router opens no socket, reads no
//! environment and keeps nothing between two requests.

mod assets;
mod charts;
mod config;
mod cookie;
mod dev;
mod encoding;
mod files;
mod forms;
mod guard;
pub mod limits;
mod pages;
mod programs;
mod refusal;
mod routes;
mod site;
mod text;
mod view;

pub use config::{Dev, SiteConfig};
pub use routes::{WEBHOOK, router};
pub use site::Site;
