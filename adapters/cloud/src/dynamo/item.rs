//! Items and their attributes: how values are written, and read back with a name for what is wrong.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::table::TableError;

/// An item, or a part of one.
pub(super) type Attributes = HashMap<String, AttributeValue>;

pub(super) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(super) fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(super) fn flag(value: bool) -> AttributeValue {
    AttributeValue::Bool(value)
}

/// An item of named values.
pub(super) fn item<const N: usize>(values: [(&str, AttributeValue); N]) -> Attributes {
    let named = values.map(|(name, value)| (name.to_owned(), value));
    named.into()
}

/// Reads the attributes of an item.
#[derive(Clone, Copy)]
pub(super) struct Read<'i>(pub(super) &'i Attributes);

impl<'i> Read<'i> {
    pub(super) fn text(self, name: &'static str) -> Result<&'i str, TableError> {
        let found = self.0.get(name).and_then(|value| value.as_s().ok());
        found
            .map(String::as_str)
            .ok_or(TableError::Unreadable(name))
    }

    pub(super) fn number<T: TryFrom<u64>>(self, name: &'static str) -> Result<T, TableError> {
        let found = self.0.get(name).and_then(|value| value.as_n().ok());
        let number = found.and_then(|digits| digits.parse::<u64>().ok());
        let number = number.and_then(|number| T::try_from(number).ok());
        number.ok_or(TableError::Unreadable(name))
    }

    /// Nothing where there is no such attribute.
    pub(super) fn number_if_any<T: TryFrom<u64>>(
        self,
        name: &'static str,
    ) -> Result<Option<T>, TableError> {
        match self.0.get(name) {
            None => Ok(None),
            Some(_) => self.number(name).map(Some),
        }
    }

    pub(super) fn flag(self, name: &'static str) -> Result<bool, TableError> {
        let found = self.0.get(name).and_then(|value| value.as_bool().ok());
        found.copied().ok_or(TableError::Unreadable(name))
    }
}
