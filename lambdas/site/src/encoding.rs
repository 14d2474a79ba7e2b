//! Content coding: which one a browser wants, and compressing. Who compresses what, and when, is decided elsewhere.

use std::io::Write as _;

use http::{HeaderMap, header};

/// A content coding the site speaks, the one that packs best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Brotli,
    Gzip,
    Identity,
}

impl Encoding {
    /// The value of `Content-Encoding`, where there is one.
    pub(crate) fn name(self) -> Option<&'static str> {
        match self {
            Self::Brotli => Some("br"),
            Self::Gzip => Some("gzip"),
            Self::Identity => None,
        }
    }

    /// The best coding that `Accept-Encoding` allows (RFC 9110, section 12.5.3). Among equally wanted ones the
    /// one that packs better wins.
    pub(crate) fn wanted(headers: &HeaderMap) -> Self {
        let (mut brotli, mut gzip, mut any) = (None, None, None);
        let values = headers
            .get_all(header::ACCEPT_ENCODING)
            .iter()
            .filter_map(|value| value.to_str().ok());
        for item in values.flat_map(|value| value.split(',')) {
            let (coding, weight) = weighted(item);
            match coding.to_ascii_lowercase().as_str() {
                "br" => brotli = Some(weight),
                "gzip" | "x-gzip" => gzip = Some(weight),
                "*" => any = Some(weight),
                _ => {}
            }
        }
        let brotli = brotli.or(any).unwrap_or(0);
        let gzip = gzip.or(any).unwrap_or(0);
        match (brotli, gzip) {
            (0, 0) => Self::Identity,
            (brotli, gzip) if brotli >= gzip => Self::Brotli,
            _ => Self::Gzip,
        }
    }
}

/// The coding of one item and its weight in thousandths; a weight that cannot be read counts as full.
fn weighted(item: &str) -> (&str, u16) {
    let (coding, parameters) = item.split_once(';').unwrap_or((item, ""));
    let weight =
        parameters
            .trim()
            .strip_prefix("q=")
            .map_or(1000, |q| match q.trim().split_once('.') {
                Some(("0", part)) => format!("{part:0<3}")
                    .get(..3)
                    .and_then(|digits| digits.parse().ok())
                    .unwrap_or(1000),
                None if q.trim() == "0" => 0,
                _ => 1000,
            });
    (coding.trim(), weight)
}

/// Compresses. `effort` runs from 1 (quick) to 9 (small).
pub(crate) fn compress(plain: &[u8], encoding: Encoding, effort: u32) -> Vec<u8> {
    const MEMORY: &str = "writing to memory does not fail";
    match encoding {
        Encoding::Identity => plain.to_vec(),
        Encoding::Gzip => {
            let mut packer =
                flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(effort));
            packer.write_all(plain).expect(MEMORY);
            packer.finish().expect(MEMORY)
        }
        Encoding::Brotli => {
            let mut packed = Vec::new();
            let mut packer = brotli::CompressorWriter::new(&mut packed, 4096, effort, 20);
            packer.write_all(plain).expect(MEMORY);
            drop(packer);
            packed
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_coding_a_browser_accepts_is_taken_and_refused_ones_are_not() {
        let wanted = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(
                header::ACCEPT_ENCODING,
                value.parse().expect("a header value"),
            );
            Encoding::wanted(&headers)
        };
        assert_eq!(wanted("gzip, deflate, br, zstd"), Encoding::Brotli);
        assert_eq!(wanted("gzip;q=1.0, br;q=0.5"), Encoding::Gzip);
        assert_eq!(wanted("br;q=0, gzip;q=0.001"), Encoding::Gzip);
        assert_eq!(wanted("*"), Encoding::Brotli);
        assert_eq!(wanted("*, br;q=0"), Encoding::Gzip);
        assert_eq!(wanted("identity"), Encoding::Identity);
        assert_eq!(Encoding::wanted(&HeaderMap::new()), Encoding::Identity);
    }

    #[test]
    fn what_was_compressed_reads_back() {
        let plain = b"the same words, the same words, the same words".repeat(40);
        let packed = compress(&plain, Encoding::Gzip, 5);
        let mut unpacked = Vec::new();
        std::io::Read::read_to_end(
            &mut flate2::read::GzDecoder::new(&packed[..]),
            &mut unpacked,
        )
        .expect("gzip");
        assert_eq!(unpacked, plain);
        let packed = compress(&plain, Encoding::Brotli, 5);
        let mut unpacked = Vec::new();
        std::io::Read::read_to_end(
            &mut brotli::Decompressor::new(&packed[..], 4096),
            &mut unpacked,
        )
        .expect("brotli");
        assert_eq!(unpacked, plain);
    }
}
