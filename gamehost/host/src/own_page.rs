//! Whether a request comes from one of our own pages: a browser sends along what it knows of an address (a credential,
//! its place in the network) whoever asks it to, so a page of another site must not get anything done here.

use http::header::{HOST, ORIGIN};
use http::uri::Authority;
use http::{HeaderMap, HeaderName, Uri};

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether no page but one of the very address that the request was sent to can have sent it. For upgrades and for methods
/// that change something: with these a browser sends at least an `Origin`, so what carries neither that nor
/// `Sec-Fetch-Site` comes from no page at all. The latter has the last word where a browser sends it: it knows the scheme.
#[must_use]
pub fn sent_by_own_page(headers: &HeaderMap, uri: &Uri) -> bool {
    if let Some(site) = headers.get(FETCH_SITE) {
        return site == "same-origin";
    }
    let Some(origin) = headers.get(ORIGIN) else {
        return true;
    };
    let origin = origin.to_str().ok();
    let of_page = origin.and_then(|origin| origin.split_once("://"));
    let asked = headers.get(HOST).and_then(|host| host.to_str().ok());
    let asked = asked.or(uri.authority().map(Authority::as_str));
    asked.is_some() && asked == of_page.map(|(_, host)| host)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn judged(headers: &[(HeaderName, &'static str)]) -> bool {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_static(value)));
        sent_by_own_page(&headers.collect(), &Uri::from_static("/rooms"))
    }

    #[test]
    fn only_the_page_itself_or_what_is_no_browser_is_taken_for_ours() {
        assert!(judged(&[]));
        assert!(judged(&[(HOST, "a:1")]));
        for origin in ["http://a:1", "https://a:1"] {
            assert!(judged(&[(ORIGIN, origin), (HOST, "a:1")]), "{origin}");
        }
        for origin in ["http://evil.example", "http://a", "null", ""] {
            assert!(!judged(&[(ORIGIN, origin), (HOST, "a:1")]), "{origin}");
        }
        assert!(!judged(&[(ORIGIN, "http://a:1")]));
    }

    #[test]
    fn what_the_browser_says_itself_goes_before_its_origin() {
        let behind_a_proxy = [(ORIGIN, "https://admin.example"), (HOST, "127.0.0.1:1")];
        assert!(!judged(&behind_a_proxy));
        let [origin, host] = behind_a_proxy;
        assert!(judged(&[(FETCH_SITE, "same-origin"), origin, host]));
        assert!(!judged(&[(FETCH_SITE, "cross-site")]));
        let same_host = [(ORIGIN, "http://a:1"), (HOST, "a:1")];
        for site in ["same-site", "cross-site", "none"] {
            let [origin, host] = same_host.clone();
            assert!(!judged(&[(FETCH_SITE, site), origin, host]), "{site}");
        }
    }

    #[test]
    fn a_request_without_a_host_header_names_its_host_in_its_address() {
        let headers = HeaderMap::from_iter([(ORIGIN, HeaderValue::from_static("https://a:1"))]);
        assert!(sent_by_own_page(
            &headers,
            &Uri::from_static("https://a:1/x")
        ));
        assert!(!sent_by_own_page(
            &headers,
            &Uri::from_static("https://b:1/x")
        ));
    }
}
