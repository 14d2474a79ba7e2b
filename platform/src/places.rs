//! Countries Latchkey sells to: which currency a buyer there pays in and what part of the price is tax.
//! Prices include tax. Rates are the standard ones for electronically supplied services to consumers, and
//! they are copied into each order, so changing the table changes no order.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::money::{Currency, Money};

/// Code of ISO 3166, English name, currency, and tax in hundredths of a percent.
const COUNTRIES: &[(&str, &str, &str, u32)] = &[
    ("AT", "Austria", "EUR", 2000),
    ("AU", "Australia", "AUD", 1000),
    ("BE", "Belgium", "EUR", 2100),
    ("BG", "Bulgaria", "EUR", 2000),
    ("BH", "Bahrain", "BHD", 1000),
    ("CA", "Canada", "CAD", 0),
    ("CH", "Switzerland", "CHF", 810),
    ("CL", "Chile", "CLP", 1900),
    ("CY", "Cyprus", "EUR", 1900),
    ("CZ", "Czechia", "CZK", 2100),
    ("DE", "Germany", "EUR", 1900),
    ("DK", "Denmark", "DKK", 2500),
    ("EE", "Estonia", "EUR", 2400),
    ("ES", "Spain", "EUR", 2100),
    ("FI", "Finland", "EUR", 2550),
    ("FR", "France", "EUR", 2000),
    ("GB", "United Kingdom", "GBP", 2000),
    ("GR", "Greece", "EUR", 2400),
    ("HR", "Croatia", "EUR", 2500),
    ("HU", "Hungary", "HUF", 2700),
    ("IE", "Ireland", "EUR", 2300),
    ("IT", "Italy", "EUR", 2200),
    ("JO", "Jordan", "JOD", 1600),
    ("JP", "Japan", "JPY", 1000),
    ("KR", "South Korea", "KRW", 1000),
    ("KW", "Kuwait", "KWD", 0),
    ("LT", "Lithuania", "EUR", 2100),
    ("LU", "Luxembourg", "EUR", 1700),
    ("LV", "Latvia", "EUR", 2100),
    ("MT", "Malta", "EUR", 1800),
    ("NL", "Netherlands", "EUR", 2100),
    ("NO", "Norway", "NOK", 2500),
    ("NZ", "New Zealand", "NZD", 1500),
    ("OM", "Oman", "OMR", 500),
    ("PL", "Poland", "PLN", 2300),
    ("PT", "Portugal", "EUR", 2300),
    ("RO", "Romania", "RON", 2100),
    ("SE", "Sweden", "SEK", 2500),
    ("SG", "Singapore", "SGD", 900),
    ("SI", "Slovenia", "EUR", 2200),
    ("SK", "Slovakia", "EUR", 2300),
    ("TN", "Tunisia", "TND", 1900),
    ("US", "United States", "USD", 0),
    ("VN", "Vietnam", "VND", 1000),
];

/// A country Latchkey sells to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Country(usize);

/// The country is not in the list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Latchkey does not sell to {0:?} yet; choose a country from the list")]
pub struct CountryUnknown(String);

impl Country {
    /// The country with this code of ISO 3166, two capital letters.
    ///
    /// # Errors
    /// [`CountryUnknown`] if Latchkey does not sell there.
    pub fn parse(code: &str) -> Result<Self, CountryUnknown> {
        COUNTRIES
            .iter()
            .position(|(known, ..)| *known == code)
            .map(Self)
            .ok_or_else(|| CountryUnknown(code.chars().take(8).collect()))
    }

    /// All countries, by code.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..COUNTRIES.len()).map(Self)
    }

    /// The code.
    #[must_use]
    pub fn code(self) -> &'static str {
        COUNTRIES[self.0].0
    }

    /// The name in English.
    #[must_use]
    pub fn name(self) -> &'static str {
        COUNTRIES[self.0].1
    }

    /// The currency people there pay in, where a title has a price in it.
    #[must_use]
    pub fn currency(self) -> Currency {
        Currency::parse(COUNTRIES[self.0].2).expect("the table names known currencies; tested")
    }

    /// The tax rate.
    #[must_use]
    pub fn tax(self) -> TaxRate {
        TaxRate(COUNTRIES[self.0].3)
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Country {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Country {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = String::deserialize(deserializer)?;
        Self::parse(&code).map_err(serde::de::Error::custom)
    }
}

/// A tax rate in hundredths of a percent; displayed as `25.5 %`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaxRate(pub u32);

impl TaxRate {
    /// The tax inside a price that includes it. Net and tax add up to the price.
    #[must_use]
    pub fn inside(self, price: Money) -> Money {
        price.split(&[10_000, self.0]).expect("10,000 is not zero")[1]
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.0 == 0
    }
}

impl fmt::Display for TaxRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0 / 100, self.0 % 100);
        let text = format!("{whole}.{part:02}");
        let trimmed = text.trim_end_matches('0').trim_end_matches('.');
        write!(f, "{trimmed}\u{a0}%")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_country_has_a_known_currency_and_the_table_is_sorted() {
        for country in Country::all() {
            assert_eq!(country.currency().code().len(), 3);
        }
        assert!(COUNTRIES.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn tax_is_the_part_inside_the_price() {
        let price = Money::parse("19.90", Currency::EUR).expect("an amount");
        assert_eq!(TaxRate(1900).inside(price).digits(), "3.18");
        assert_eq!(TaxRate(0).inside(price).digits(), "0.00");
        assert_eq!(TaxRate(2550).to_string(), "25.5\u{a0}%");
        assert_eq!(TaxRate(1000).to_string(), "10\u{a0}%");
    }
}
