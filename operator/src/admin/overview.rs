//! The overview of a machine's hosts as a page: what each is doing, and buttons for what can be asked of it. It needs no
//! script.

use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use axum::response::{Html, IntoResponse as _, Response};

use super::Listed;

/// Everything on the page is its own.
const POLICY: &str = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The page's style.
pub(super) async fn style() -> Response {
    let kind = [(CONTENT_TYPE, "text/css; charset=utf-8")];
    (kind, include_str!("overview.css")).into_response()
}

/// The page.
pub(super) fn page(hosts: &[Listed]) -> Response {
    let rows: String = hosts.iter().map(row).collect();
    let page = format!(
        r#"<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Latchkey: hosts</title><link rel="stylesheet" href="/overview.css"></head>
<body><main><h1>Hosts</h1>
<div class="scroll" tabindex="0" role="region" aria-label="Hosts"><table>
<thead><tr><th scope="col">Host</th><th scope="col">State</th><th scope="col" class="number">Rooms</th>
<th scope="col" class="number">Connections</th><th scope="col">Version</th><th scope="col" class="number">Process</th>
<th scope="col">Figures</th><th scope="col">Actions</th></tr></thead>
<tbody>
{rows}</tbody></table></div>
<p>Reload for newer figures. The page of a host goes on by itself.</p>
</main></body></html>
"#
    );
    let headers = [
        (CONTENT_SECURITY_POLICY, POLICY),
        (REFERRER_POLICY, "same-origin"),
    ];
    (headers, Html(page)).into_response()
}

fn row(host: &Listed) -> String {
    let slot = host.slot;
    let class = match host.state {
        "serving" | "draining" | "drained" => "",
        _ => " class=\"bad\"",
    };
    let number = |number: Option<u32>| number.map_or_else(|| "-".to_owned(), |n| n.to_string());
    let action = |to: &str, words: &str| {
        format!(
            "<form method=\"post\" action=\"/hosts/{slot}/{to}\">\
             <button aria-label=\"{words} host {slot}\">{words}</button></form>"
        )
    };
    let drain = match host.draining {
        true => action("undrain", "Undrain"),
        false => action("drain", "Drain"),
    };
    let roll = match host.apart {
        true => action("roll", "Roll"),
        false => String::new(),
    };
    format!(
        "<tr><td><a href=\"/hosts/{slot}/\">Host {slot}</a></td><td{class}>{state}</td>\
         <td class=\"number\">{rooms}</td><td class=\"number\">{connections}</td><td>{version}</td>\
         <td class=\"number\">{pid}</td><td><a href=\"/hosts/{slot}/metrics\">Metrics</a></td>\
         <td>{drain}{roll}</td></tr>\n",
        state = host.state,
        rooms = number(host.rooms),
        connections = number(host.connections),
        version = escaped(host.version.as_deref().unwrap_or("-")),
        pid = number(host.pid),
    )
}

/// Text that another process gave, as it may stand in a page.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
