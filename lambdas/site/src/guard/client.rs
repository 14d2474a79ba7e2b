//! Which network address a request comes from, as far as that can be believed. It is used to count, never logged.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use http::HeaderMap;
use http::request::Parts;

use crate::Site;

/// What rate limits count by: an IPv4 address, or the /64 network of an IPv6 address, because whoever has one address of
/// such a network has all of them. `unknown` when the wiring gives no address: then all share one count.
pub(crate) struct Client(pub(crate) String);

impl FromRequestParts<Site> for Client {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Self::Rejection> {
        let peer = parts
            .extensions
            .get::<ConnectInfo<SocketAddr>>()
            .map(|info| info.0.ip());
        Ok(Self(
            address(&parts.headers, peer, site.config.proxies)
                .map_or("unknown".to_owned(), network),
        ))
    }
}

/// The address that the outermost trusted proxy saw. Each proxy appends the address it saw, so with `proxies` of them it
/// is that many entries from the right; what stands further left is the visitor's own claim.
fn address(headers: &HeaderMap, peer: Option<IpAddr>, proxies: usize) -> Option<IpAddr> {
    if proxies == 0 {
        return peer;
    }
    let values = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok());
    let seen: Vec<&str> = values
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    let entry = seen
        .len()
        .checked_sub(proxies)
        .and_then(|index| seen.get(index))?;
    entry
        .parse()
        .ok()
        .or_else(|| entry.parse::<SocketAddr>().ok().map(|address| address.ip()))
        .or(peer)
}

fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forwarded(value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", value.parse().expect("a header value"));
        headers
    }

    #[test]
    fn the_header_is_believed_only_as_far_as_proxies_are_trusted() {
        let peer: Option<IpAddr> = Some([10, 0, 0, 1].into());
        let headers = forwarded("6.6.6.6, 203.0.113.9, 10.0.0.2");
        assert_eq!(address(&headers, peer, 0), peer);
        assert_eq!(address(&headers, peer, 1), Some([10, 0, 0, 2].into()));
        assert_eq!(address(&headers, peer, 2), Some([203, 0, 113, 9].into()));
        assert_eq!(address(&headers, peer, 4), None);
        assert_eq!(address(&forwarded("rubbish"), peer, 1), peer);
    }

    #[test]
    fn an_ipv6_visitor_counts_as_the_whole_network() {
        assert_eq!(
            network("2001:db8:1:2:3:4:5:6".parse().expect("an address")),
            "2001:db8:1:2::/64"
        );
        assert_eq!(
            network("::ffff:192.0.2.1".parse().expect("an address")),
            "192.0.2.1"
        );
    }
}
