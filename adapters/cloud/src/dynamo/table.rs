//! The one way to a table: strongly consistent reads, and writes that hold only if the item is still what it was.

use std::sync::Arc;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Builder;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use latchkey_host::ports::DirectoryError;
use latchkey_platform::placement::PlacementError;
use latchkey_platform::store::StoreError;

use super::item::{Attributes, number, text};
use super::random;
use crate::aws::Patience;
use crate::failure::Failure;

const SERVICE: &str = "DynamoDB";
/// The mark of the last write of a whole item.
const MARK: &str = "mark";

/// A table cannot do what is asked of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum TableError {
    /// The call came to nothing.
    #[error(transparent)]
    Failed(#[from] Failure),
    /// An item is not as this program writes it.
    #[error("an item of the table has no attribute `{0}` that can be read")]
    Unreadable(&'static str),
    /// Others were always first.
    #[error("other writers changed {0} every time")]
    Contended(&'static str),
}

impl From<TableError> for DirectoryError {
    fn from(error: TableError) -> Self {
        Self(error.to_string())
    }
}

impl From<TableError> for PlacementError {
    fn from(error: TableError) -> Self {
        Self(error.to_string())
    }
}

impl From<TableError> for StoreError {
    fn from(error: TableError) -> Self {
        match error {
            TableError::Failed(failure) => failure.into(),
            TableError::Unreadable(_) => Self::Corrupt(error.to_string()),
            TableError::Contended(what) => Self::Contended(what.to_owned()),
        }
    }
}

/// A table.
#[derive(Debug, Clone)]
pub(super) struct Table {
    client: Client,
    name: Arc<str>,
}

/// What an item must still be for a write to hold.
#[derive(Debug, Clone, Copy)]
pub(super) enum Before {
    /// Not there.
    Nothing,
    /// There, with this number in this attribute.
    Numbered(&'static str, u64),
}

/// A change of some attributes of an item.
pub(super) struct Change<'c> {
    /// What becomes of them.
    pub(super) to: &'c str,
    /// What must hold of the item before, if anything must.
    pub(super) only_if: Option<&'c str>,
    /// The values that the two speak of.
    pub(super) values: Attributes,
}

/// What came of a change.
pub(super) enum Changed {
    /// The item after it.
    Now(Attributes),
    /// The condition does not hold; the item as it is, if there is one.
    Not(Option<Attributes>),
}

impl Table {
    pub(super) fn new(config: &SdkConfig, patience: Patience, name: &str) -> Self {
        let config = Builder::from(config)
            .timeout_config(patience.timeouts())
            .retry_config(patience.retries())
            .build();
        Self {
            client: Client::from_conf(config),
            name: name.into(),
        }
    }

    /// The item with this key.
    pub(super) async fn get(&self, key: Attributes) -> Result<Option<Attributes>, TableError> {
        let call = self.client.get_item().table_name(&*self.name);
        let found = call.set_key(Some(key)).consistent_read(true).send().await;
        Ok(found.map_err(failed)?.item)
    }

    /// Every item of a partition, in the order of the second key.
    pub(super) async fn all(&self, pk: &str) -> Result<Vec<Attributes>, TableError> {
        let call = self.client.query().table_name(&*self.name);
        let pages = call
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", text(pk))
            .consistent_read(true)
            .into_paginator();
        let items = pages.items().send().collect::<Result<Vec<_>, _>>().await;
        Ok(items.map_err(failed)?)
    }

    /// Writes a whole item if it still is what it was `before`. Whether it did, also by an attempt that was not answered:
    /// every write leaves a mark by which it knows its own.
    pub(super) async fn put(
        &self,
        mut item: Attributes,
        before: Before,
    ) -> Result<bool, TableError> {
        let mark = text(random::mark());
        item.insert(MARK.to_owned(), mark.clone());
        let call = self
            .client
            .put_item()
            .table_name(&*self.name)
            .set_item(Some(item))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let call = match before {
            Before::Nothing => call.condition_expression("attribute_not_exists(pk)"),
            Before::Numbered(name, was) => call
                .condition_expression("#counter = :was")
                .expression_attribute_names("#counter", name)
                .expression_attribute_values(":was", number(was)),
        };
        match call.send().await {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(found)) => {
                    let found = found.item.as_ref().and_then(|item| item.get(MARK));
                    Ok(found == Some(&mark))
                }
                _ => Err(failed(error).into()),
            },
        }
    }

    /// Changes an item where its condition holds.
    pub(super) async fn change(
        &self,
        key: Attributes,
        change: Change<'_>,
    ) -> Result<Changed, TableError> {
        let call = self.client.update_item().table_name(&*self.name);
        let changed = call
            .set_key(Some(key))
            .update_expression(change.to)
            .set_condition_expression(change.only_if.map(str::to_owned))
            .set_expression_attribute_values(Some(change.values))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match changed {
            Ok(changed) => Ok(Changed::Now(changed.attributes.unwrap_or_default())),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(found)) => {
                    Ok(Changed::Not(found.item.clone()))
                }
                _ => Err(failed(error).into()),
            },
        }
    }
}

fn failed<E>(error: SdkError<E>) -> Failure
where
    E: aws_sdk_dynamodb::error::ProvideErrorMetadata,
{
    Failure::of(SERVICE, &error)
}
