//! Documents: what the business keeps is in `body`, read whole; the fields beside it are what it is found by.
//! `schema` says how to read both, and a document of another schema is refused.

use std::marker::PhantomData;

use latchkey_platform::store::{Insert, StoreError, Swap};
use mongodb::bson::{
    Bson, Document, deserialize_from_bson, deserialize_from_document, doc, serialize_to_bson,
};
use mongodb::{Collection, Cursor};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Mongo;
use super::failure::{self, Fault};

/// How documents are written and read.
pub(super) const SCHEMA: i32 = 1;

const BODY: &str = "body";

/// A collection of documents whose body is a `T`.
pub(super) struct Documents<T> {
    mongo: Mongo,
    collection: Collection<Document>,
    body: PhantomData<fn() -> T>,
}

impl<T> Clone for Documents<T> {
    fn clone(&self) -> Self {
        Self {
            mongo: self.mongo.clone(),
            collection: self.collection.clone(),
            body: PhantomData,
        }
    }
}

impl<T: Serialize + DeserializeOwned> Documents<T> {
    pub(super) fn new(mongo: &Mongo, name: &str) -> Self {
        Self {
            mongo: mongo.clone(),
            collection: mongo.collection(name),
            body: PhantomData,
        }
    }

    /// Adds a document; its id is unique, and so is what a unique index says.
    pub(super) async fn insert(
        &self,
        id: &str,
        found_by: Document,
        body: &T,
    ) -> Result<Insert, StoreError> {
        let mut document = doc! { "_id": id, "schema": SCHEMA };
        document.extend(found_by);
        document.insert(BODY, packed(body)?);
        Ok(self.mongo.call(insert(&self.collection, document)).await?)
    }

    /// Replaces body and found-by fields of the document with this id and revision, and sets the next revision.
    pub(super) async fn swap(
        &self,
        id: &str,
        revision: u64,
        mut found_by: Document,
        body: &T,
    ) -> Result<Swap, StoreError> {
        found_by.insert(BODY, packed(body)?);
        let expected = doc! { "_id": id, "revision": int(revision) };
        let change = doc! { "$set": found_by };
        let swapped = update(&self.collection, expected, change);
        Ok(match self.mongo.call(swapped).await? {
            true => Swap::Swapped,
            false => Swap::Stale,
        })
    }

    /// Changes the document that `filter` finds, if there is one; whether there was.
    pub(super) async fn change(
        &self,
        filter: Document,
        change: Document,
    ) -> Result<bool, StoreError> {
        let changed = update(&self.collection, filter, change);
        Ok(self.mongo.call(changed).await?)
    }

    /// The body of the only document that `filter` finds.
    pub(super) async fn one(&self, filter: Document) -> Result<Option<T>, StoreError> {
        let found = self.select(filter, Document::new(), 1, BODY).await?;
        Ok(found.into_iter().next())
    }

    /// The bodies of the documents that `filter` finds.
    pub(super) async fn many(
        &self,
        filter: Document,
        sort: Document,
        limit: usize,
    ) -> Result<Vec<T>, StoreError> {
        self.select(filter, sort, limit, BODY).await
    }

    /// One field of the documents that `filter` finds.
    pub(super) async fn select<S: DeserializeOwned>(
        &self,
        filter: Document,
        sort: Document,
        limit: usize,
        field: &str,
    ) -> Result<Vec<S>, StoreError> {
        let name = self.collection.name();
        let fields = [field];
        let found = find(&self.collection, filter, sort, limit, &fields);
        let documents = self.mongo.call(found).await?;
        let read = documents
            .into_iter()
            .map(|document| self::field(name, document, field));
        Ok(read.collect::<Result<_, Fault>>()?)
    }

    /// One field of what a pipeline gives.
    pub(super) async fn aggregate<S: DeserializeOwned>(
        &self,
        pipeline: Vec<Document>,
        field: &str,
    ) -> Result<Vec<S>, StoreError> {
        let name = self.collection.name();
        let documents = self.mongo.call(async {
            let mut cursor = self.collection.aggregate(pipeline).await?;
            let mut documents = Vec::new();
            while cursor.advance().await? {
                documents.push(cursor.deserialize_current()?);
            }
            Ok::<_, Fault>(documents)
        });
        let read = documents
            .await?
            .into_iter()
            .map(|document| self::field(name, document, field));
        Ok(read.collect::<Result<_, Fault>>()?)
    }
}

/// Something that serialises, as a value of a document.
pub(super) fn packed(value: &impl Serialize) -> Result<Bson, StoreError> {
    serialize_to_bson(value)
        .map_err(|_| StoreError::Corrupt("a document holds a number beyond what fits".to_owned()))
}

/// A number as documents hold it. None of ours comes near the end of what fits; what did would be refused when it is read.
pub(super) fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) async fn insert(
    collection: &Collection<Document>,
    document: Document,
) -> Result<Insert, Fault> {
    match collection.insert_one(document).await {
        Ok(_) => Ok(Insert::Inserted),
        Err(error) if failure::is_duplicate(&error) => Ok(Insert::Exists),
        Err(error) => Err(error.into()),
    }
}

/// Whether a document was found that `filter` fits; then it is changed.
pub(super) async fn update(
    collection: &Collection<Document>,
    filter: Document,
    change: Document,
) -> Result<bool, Fault> {
    let updated = collection.update_one(filter, change).await?;
    Ok(updated.matched_count > 0)
}

/// The documents that `filter` finds, with these fields and those by which they are read.
pub(super) async fn find(
    collection: &Collection<Document>,
    filter: Document,
    sort: Document,
    limit: usize,
    fields: &[&str],
) -> Result<Vec<Document>, Fault> {
    let mut cursor = cursor(collection, filter, sort, limit, fields).await?;
    let mut documents = Vec::new();
    while cursor.advance().await? {
        documents.push(cursor.deserialize_current()?);
    }
    Ok(documents)
}

/// The same one by one, for those that are large.
pub(super) async fn cursor(
    collection: &Collection<Document>,
    filter: Document,
    sort: Document,
    limit: usize,
    fields: &[&str],
) -> Result<Cursor<Document>, Fault> {
    let mut shown = doc! { "schema": 1 };
    for field in fields {
        shown.insert(*field, 1);
    }
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let found = collection.find(filter).projection(shown).limit(limit);
    Ok(found.sort(sort).await?)
}

/// Reads one field of a document.
pub(super) fn field<S: DeserializeOwned>(
    collection: &str,
    document: Document,
    field: &str,
) -> Result<S, Fault> {
    let mut document = of_our_schema(collection, document)?;
    let malformed = unreadable(
        collection,
        &document,
        &format!("its {field} is {MALFORMED}"),
    );
    let value = document.remove(field);
    value
        .and_then(|value| deserialize_from_bson(value).ok())
        .ok_or(malformed)
}

/// Reads a document.
pub(super) fn read<S: DeserializeOwned>(collection: &str, document: Document) -> Result<S, Fault> {
    let document = of_our_schema(collection, document)?;
    let malformed = unreadable(collection, &document, &format!("it is {MALFORMED}"));
    deserialize_from_document(document).map_err(|_| malformed)
}

/// Nothing more is said, and nothing shown: it may be an address of somebody.
const MALFORMED: &str = "missing or not what this program writes";

fn of_our_schema(collection: &str, document: Document) -> Result<Document, Fault> {
    // Servers and shells may make a whole number any of these types.
    let schema = match document.get("schema") {
        Some(Bson::Int32(schema)) => Some(i64::from(*schema)),
        Some(Bson::Int64(schema)) => Some(*schema),
        _ => None,
    };
    if schema == Some(i64::from(SCHEMA)) {
        return Ok(document);
    }
    let found = schema.map_or_else(|| "unknown".to_owned(), |schema| schema.to_string());
    let why = format!("its schema is {found}, and this program reads {SCHEMA}");
    Err(unreadable(collection, &document, &why))
}

fn unreadable(collection: &str, document: &Document, why: &str) -> Fault {
    let id = document.get_str("_id").unwrap_or("?");
    Fault::Unreadable(format!("{collection} {id}: {why}"))
}
