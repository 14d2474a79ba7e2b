//! Each server starts, answers, and does after a kill or a pause what its launcher promises. Without the servers these tests
//! fail and say how to get them.

use std::time::Duration;

use latchkey_emulators::{DynamoLocal, ElasticMq, Emulator, Kind, Moto, Secantus, StripeMock};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(30);
/// For how long a paused server is seen to say nothing.
const SILENCE: Duration = Duration::from_millis(300);

/// What a server answers to a request in its own protocol.
async fn ask(port: u16, request: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.write_all(request).await?;
    let mut answer = vec![0; 64 * 1024];
    let length = stream.read(&mut answer).await?;
    answer.truncate(length);
    Ok(answer)
}

/// A call of DynamoDB's API; that is all of the signature that it looks at.
async fn dynamo(port: u16, action: &str, body: &str) -> anyhow::Result<String> {
    let request = format!(
        "POST / HTTP/1.0\r\nHost: 127.0.0.1\r\nX-Amz-Target: DynamoDB_20120810.{action}\r\n\
         Content-Type: application/x-amz-json-1.0\r\nContent-Length: {}\r\nX-Amz-Date: 20260101T000000Z\r\n\
         Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/eu-central-1/dynamodb/aws4_request, \
         SignedHeaders=host, Signature=none\r\n\r\n{body}",
        body.len()
    );
    Ok(String::from_utf8_lossy(&ask(port, request.as_bytes()).await?).into_owned())
}

async fn pauses_ends_and_comes_back<K: Kind>(server: Emulator<K>) -> anyhow::Result<()> {
    anyhow::ensure!(!ask(server.port(), K::QUESTION).await?.is_empty());

    server.pause()?;
    let silent = timeout(SILENCE, ask(server.port(), K::QUESTION)).await;
    anyhow::ensure!(silent.is_err(), "it answered while it was paused");
    server.resume()?;
    let answer = timeout(PATIENCE, ask(server.port(), K::QUESTION)).await??;
    anyhow::ensure!(!answer.is_empty());

    server.kill()?;
    anyhow::ensure!(
        ask(server.port(), K::QUESTION).await.is_err(),
        "it lives on"
    );
    anyhow::ensure!(server.kill().is_err(), "it was killed twice");
    anyhow::ensure!(server.pause().is_err(), "it was paused after its end");

    server.restart().await?;
    anyhow::ensure!(!ask(server.port(), K::QUESTION).await?.is_empty());
    let port = server.port();
    drop(server);
    anyhow::ensure!(
        ask(port, K::QUESTION).await.is_err(),
        "it outlives its handle"
    );
    Ok(())
}

#[tokio::test]
async fn secantus_pauses_ends_and_comes_back() -> anyhow::Result<()> {
    pauses_ends_and_comes_back(Secantus::start().await?).await
}

#[tokio::test]
async fn dynamodb_local_pauses_ends_and_comes_back() -> anyhow::Result<()> {
    pauses_ends_and_comes_back(DynamoLocal::start().await?).await
}

#[tokio::test]
async fn elasticmq_pauses_ends_and_comes_back() -> anyhow::Result<()> {
    pauses_ends_and_comes_back(ElasticMq::start().await?).await
}

#[tokio::test]
async fn moto_pauses_ends_and_comes_back() -> anyhow::Result<()> {
    pauses_ends_and_comes_back(Moto::start().await?).await
}

#[tokio::test]
async fn stripe_mock_pauses_ends_and_comes_back() -> anyhow::Result<()> {
    pauses_ends_and_comes_back(StripeMock::start().await?).await
}

#[tokio::test]
async fn the_tests_of_a_binary_share_one_server() -> anyhow::Result<()> {
    let (one, same) = tokio::try_join!(Moto::shared(), Moto::shared())?;
    anyhow::ensure!(one.port() == same.port());
    Ok(())
}

#[tokio::test]
async fn what_secantus_acknowledged_survives_its_death() -> anyhow::Result<()> {
    let server = Secantus::start().await?;
    let kept = |answer: &[u8]| answer.windows(7).any(|part| part == b"\x10n\0\x01\0\0\0");
    let insert = bson(&[
        element(2, "insert", &text("kept")),
        element(
            4,
            "documents",
            &bson(&[element(
                3,
                "0",
                &bson(&[element(16, "_id", &7_u32.to_le_bytes())]),
            )]),
        ),
        element(2, "$db", &text("test")),
    ]);
    anyhow::ensure!(
        kept(&ask(server.port(), &message(&insert)).await?),
        "not inserted"
    );
    server.kill()?;
    server.restart().await?;
    let count = bson(&[
        element(2, "count", &text("kept")),
        element(2, "$db", &text("test")),
    ]);
    anyhow::ensure!(
        kept(&ask(server.port(), &message(&count)).await?),
        "it is lost"
    );
    Ok(())
}

#[tokio::test]
async fn what_dynamodb_local_acknowledged_survives_its_death() -> anyhow::Result<()> {
    let server = DynamoLocal::start().await?;
    let table = r#"{"TableName":"kept","BillingMode":"PAY_PER_REQUEST",
        "KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}],
        "AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"}]}"#;
    let made = dynamo(server.port(), "CreateTable", table).await?;
    anyhow::ensure!(made.contains("200 OK"), "no table: {made}");
    let put = r#"{"TableName":"kept","Item":{"pk":{"S":"one"}}}"#;
    let done = dynamo(server.port(), "PutItem", put).await?;
    anyhow::ensure!(done.contains("200 OK"), "not put: {done}");
    server.kill()?;
    server.restart().await?;
    let get = r#"{"TableName":"kept","Key":{"pk":{"S":"one"}}}"#;
    let found = dynamo(server.port(), "GetItem", get).await?;
    anyhow::ensure!(found.contains(r#"{"S":"one"}"#), "it is lost: {found}");
    Ok(())
}

/// A document of MongoDB's format.
fn bson(elements: &[Vec<u8>]) -> Vec<u8> {
    let elements = elements.concat();
    let length = u32::try_from(elements.len() + 5).expect("it is small");
    [&length.to_le_bytes()[..], &elements, &[0]].concat()
}

fn element(kind: u8, name: &str, value: &[u8]) -> Vec<u8> {
    [&[kind], name.as_bytes(), &[0], value].concat()
}

fn text(value: &str) -> Vec<u8> {
    let length = u32::try_from(value.len() + 1).expect("it is small");
    [&length.to_le_bytes()[..], value.as_bytes(), &[0]].concat()
}

/// A command to its server.
fn message(command: &[u8]) -> Vec<u8> {
    let length = u32::try_from(command.len() + 21).expect("it is small");
    let head: Vec<u8> = [length, 1, 0, 2013, 0]
        .iter()
        .flat_map(|word| word.to_le_bytes())
        .collect();
    [&head[..], &[0], command].concat()
}
