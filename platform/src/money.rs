//! Money: whole minor units of a currency. No floating point, no silent overflow, and no arithmetic between
//! currencies. How amounts look on a page is here too; sentences around them are not.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::limits::MONEY_MINOR;

/// A currency of ISO 4217 that prices can have.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency(usize);

/// Code, digits after the point, and the sign used on pages where it is unmistakable.
const CURRENCIES: &[(&str, u32, &str)] = &[
    ("AUD", 2, "A$"),
    ("BHD", 3, ""),
    ("CAD", 2, "C$"),
    ("CHF", 2, ""),
    ("CLP", 0, ""),
    ("CZK", 2, ""),
    ("DKK", 2, ""),
    ("EUR", 2, "€"),
    ("GBP", 2, "£"),
    ("HUF", 2, ""),
    ("JOD", 3, ""),
    ("JPY", 0, "¥"),
    ("KRW", 0, "₩"),
    ("KWD", 3, ""),
    ("NOK", 2, ""),
    ("NZD", 2, "NZ$"),
    ("OMR", 3, ""),
    ("PLN", 2, ""),
    ("RON", 2, ""),
    ("SEK", 2, ""),
    ("SGD", 2, "S$"),
    ("TND", 3, ""),
    ("USD", 2, "$"),
    ("VND", 0, "₫"),
];

/// What is wrong with a text or a sum of money.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The code is not one of the known currencies.
    #[error("{0:?} is not a currency Latchkey knows; use an ISO 4217 code such as EUR")]
    UnknownCurrency(String),
    /// The text is not a plain decimal number.
    #[error(
        "{text:?} is not an amount of {currency}; write digits and at most {decimals} after a point"
    )]
    Malformed {
        /// What was given.
        text: String,
        /// The currency it was read as.
        currency: Currency,
        /// Digits that currency has after the point.
        decimals: u32,
    },
    /// Two currencies met in one sum.
    #[error("{0} and {1} cannot be added; convert one of them first")]
    Mixed(Currency, Currency),
    /// The amount is beyond [`MONEY_MINOR`].
    #[error("the amount is beyond {MONEY_MINOR} minor units; no order is that large")]
    TooLarge,
    /// There is nobody to split among.
    #[error("an amount cannot be split by weights that are all zero")]
    NoShares,
}

impl Currency {
    /// The euro.
    pub const EUR: Self = Self(7);
    /// The US dollar.
    pub const USD: Self = Self(22);

    /// The currency with this ISO 4217 code.
    ///
    /// # Errors
    /// [`MoneyError::UnknownCurrency`] if it is not in the table.
    pub fn parse(code: &str) -> Result<Self, MoneyError> {
        CURRENCIES
            .iter()
            .position(|(known, ..)| *known == code)
            .map(Self)
            .ok_or_else(|| MoneyError::UnknownCurrency(code.chars().take(12).collect()))
    }

    /// The ISO 4217 code.
    #[must_use]
    pub fn code(self) -> &'static str {
        CURRENCIES[self.0].0
    }

    /// Digits after the point: 0, 2 or 3.
    #[must_use]
    pub fn exponent(self) -> u32 {
        CURRENCIES[self.0].1
    }

    fn sign(self) -> &'static str {
        CURRENCIES[self.0].2
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = String::deserialize(deserializer)?;
        Self::parse(&code).map_err(serde::de::Error::custom)
    }
}

/// An amount of one currency in its minor units. It may be negative (a refund, a credit).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "RawMoney")]
pub struct Money {
    minor: i64,
    currency: Currency,
}

#[derive(Deserialize)]
struct RawMoney {
    minor: i64,
    currency: Currency,
}

impl TryFrom<RawMoney> for Money {
    type Error = MoneyError;
    fn try_from(raw: RawMoney) -> Result<Self, MoneyError> {
        Self::new(raw.minor, raw.currency)
    }
}

impl Money {
    /// So many minor units (cents, yen, fils) of a currency.
    ///
    /// # Errors
    /// [`MoneyError::TooLarge`] beyond the limit.
    pub fn new(minor: i64, currency: Currency) -> Result<Self, MoneyError> {
        if (-MONEY_MINOR..=MONEY_MINOR).contains(&minor) {
            Ok(Self { minor, currency })
        } else {
            Err(MoneyError::TooLarge)
        }
    }

    /// Nothing, in a currency.
    #[must_use]
    pub fn zero(currency: Currency) -> Self {
        Self { minor: 0, currency }
    }

    /// Reads `19.90` or `-3`, with at most as many decimals as the currency has and no other signs.
    ///
    /// # Errors
    /// [`MoneyError::Malformed`] or [`MoneyError::TooLarge`].
    pub fn parse(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        let decimals = currency.exponent();
        let malformed = || MoneyError::Malformed {
            text: text.chars().take(40).collect(),
            currency,
            decimals,
        };
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, part) = match digits.split_once('.') {
            Some((whole, part)) if !part.is_empty() => (whole, part),
            Some(_) => return Err(malformed()),
            None => (digits, ""),
        };
        let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let width = decimals as usize;
        if whole.is_empty() || !plain(whole) || !plain(part) || part.len() > width {
            return Err(malformed());
        }
        let all = format!("{whole}{part:0<width$}");
        let minor: i64 = all.parse().map_err(|_| MoneyError::TooLarge)?;
        Self::new(if negative { -minor } else { minor }, currency)
    }

    /// The amount in minor units.
    #[must_use]
    pub fn minor(self) -> i64 {
        self.minor
    }

    /// The currency.
    #[must_use]
    pub fn currency(self) -> Currency {
        self.currency
    }

    /// Whether it is less than nothing.
    #[must_use]
    pub fn is_negative(self) -> bool {
        self.minor < 0
    }

    /// The same amount owed the other way round.
    #[must_use]
    pub fn negated(self) -> Self {
        Self {
            minor: -self.minor,
            ..self
        }
    }

    /// The sum.
    ///
    /// # Errors
    /// [`MoneyError::Mixed`] for two currencies, [`MoneyError::TooLarge`] beyond the limit.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::Mixed(self.currency, other.currency));
        }
        Self::new(self.minor + other.minor, self.currency)
    }

    /// The difference.
    ///
    /// # Errors
    /// As [`Money::plus`].
    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        self.plus(other.negated())
    }

    /// So many times the amount.
    ///
    /// # Errors
    /// [`MoneyError::TooLarge`] beyond the limit.
    pub fn times(self, factor: i64) -> Result<Self, MoneyError> {
        let minor = self.minor.checked_mul(factor).ok_or(MoneyError::TooLarge)?;
        Self::new(minor, self.currency)
    }

    /// Splits the amount by weights so that nothing is lost or made: every share is rounded towards zero, and
    /// the minor units left over go one each to the largest remainders, the earlier first among equals.
    ///
    /// # Errors
    /// [`MoneyError::NoShares`] if all weights are zero.
    pub fn split(self, weights: &[u32]) -> Result<Vec<Self>, MoneyError> {
        let total: i128 = weights.iter().map(|weight| i128::from(*weight)).sum();
        if total == 0 {
            return Err(MoneyError::NoShares);
        }
        let amount = i128::from(self.minor.abs());
        let mut shares: Vec<i128> = weights
            .iter()
            .map(|weight| amount * i128::from(*weight) / total)
            .collect();
        let mut order: Vec<usize> = (0..weights.len()).collect();
        order.sort_by_key(|&index| std::cmp::Reverse(amount * i128::from(weights[index]) % total));
        let left = usize::try_from(amount - shares.iter().sum::<i128>())
            .expect("fewer minor units are left over than there are shares");
        for &index in order.iter().take(left) {
            shares[index] += 1;
        }
        let sign = i128::from(self.minor.signum());
        let share = |share: i128| {
            let minor = i64::try_from(share * sign).expect("a share is no larger than the whole");
            Self { minor, ..self }
        };
        Ok(shares.into_iter().map(share).collect())
    }

    /// The digits alone, as [`Money::parse`] reads them.
    #[must_use]
    pub fn digits(self) -> String {
        let scale = 10_u64.pow(self.currency.exponent());
        let (whole, part) = (
            self.minor.unsigned_abs() / scale,
            self.minor.unsigned_abs() % scale,
        );
        let minus = if self.minor < 0 { "-" } else { "" };
        match self.currency.exponent() {
            0 => format!("{minus}{whole}"),
            decimals => format!("{minus}{whole}.{part:0width$}", width = decimals as usize),
        }
    }

    /// As English pages show it: `€19.90`, `-$3.00`, `CHF 20.00`.
    #[must_use]
    pub fn shown(self) -> String {
        let digits = self.digits();
        let (minus, digits) = match digits.strip_prefix('-') {
            Some(rest) => ("-", rest),
            None => ("", digits.as_str()),
        };
        match self.currency.sign() {
            "" => format!("{minus}{}\u{a0}{digits}", self.currency),
            sign => format!("{minus}{sign}{digits}"),
        }
    }
}

/// `19.90 EUR`, for logs and messages.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.digits(), self.currency)
    }
}

#[cfg(test)]
mod tests;
