//! Signs payment events as the provider does, or wrongly on purpose.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The value of the `Stripe-Signature` header: `t=…,v1=…`, the HMAC-SHA256 under `secret` of `t`, a dot, and the body.
///
/// # Panics
/// Never: HMAC takes keys of any length.
#[must_use]
pub fn signature(secret: &[u8], at: u64, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
    mac.update(format!("{at}.{body}").as_bytes());
    let bytes = mac.finalize().into_bytes();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={at},v1={hex}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_the_hmac_of_time_dot_body() {
        // From `printf '12.{}' | openssl dgst -sha256 -hmac secret`.
        let expected = "773e3168d620c0ffe05ebb73e13b0cded4fe6220daed68d8fcb2a796f2d784dc";
        assert_eq!(
            signature(b"secret", 12, "{}"),
            format!("t=12,v1={expected}")
        );
    }
}
