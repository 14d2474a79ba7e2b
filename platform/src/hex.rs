//! Bytes as lower-case hexadecimal digits: the form of hashes and random names wherever they are text.

use std::fmt::Write as _;

/// Two digits for each byte.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let mut digits = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        write!(digits, "{byte:02x}").expect("writing to a string does not fail");
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_two_digits() {
        assert_eq!(hex(&[0, 9, 10, 255]), "00090aff");
        assert_eq!(hex(&[]), "");
    }
}
