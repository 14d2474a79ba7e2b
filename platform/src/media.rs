//! What kind of content a file is, by its name: the same whoever delivers it.

/// The media type of a file by its ending, and whether compressing it helps.
#[must_use]
pub fn media_type(path: &str) -> (&'static str, bool) {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("css") => ("text/css; charset=utf-8", true),
        Some("js" | "mjs") => ("text/javascript; charset=utf-8", true),
        Some("svg") => ("image/svg+xml", true),
        Some("html") => ("text/html; charset=utf-8", true),
        Some("json" | "map") => ("application/json", true),
        Some("txt" | "md") => ("text/plain; charset=utf-8", true),
        Some("wasm") => ("application/wasm", true),
        Some("png") => ("image/png", false),
        Some("jpg" | "jpeg") => ("image/jpeg", false),
        Some("webp") => ("image/webp", false),
        Some("avif") => ("image/avif", false),
        Some("gif") => ("image/gif", false),
        Some("ico") => ("image/x-icon", false),
        Some("woff2") => ("font/woff2", false),
        Some("mp3") => ("audio/mpeg", false),
        Some("ogg" | "oga" | "opus") => ("audio/ogg", false),
        Some("m4a") => ("audio/mp4", false),
        Some("wav") => ("audio/wav", true),
        Some("webm") => ("video/webm", false),
        Some("mp4") => ("video/mp4", false),
        _ => ("application/octet-stream", false),
    }
}
