//! A run of the bench in a hurry, in the build of the tests: that contestants of ours start, play and end, that nothing
//! is lost or misordered, and that the row is whole. How fast they are is not asked.

use std::process::Command;

use serde_json::Value;

#[test]
fn a_quick_run_of_floor_and_host_gives_whole_rows_without_faults() {
    let folder = tempfile::tempdir().unwrap();
    let rows = folder.path().join("rows.json");
    let output = Command::new(env!("CARGO_BIN_EXE_bench"))
        .args([
            "run",
            "--quick",
            "--only",
            "floor,latchkey",
            "--workload",
            "a",
        ])
        .arg("--json")
        .arg(&rows)
        .arg("--cache")
        .arg(folder.path())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let rows: Value = serde_json::from_slice(&std::fs::read(&rows).unwrap()).unwrap();
    for field in ["machine", "date"] {
        assert!(rows[field].as_str().is_some_and(|text| !text.is_empty()));
    }
    let rows = rows["rows"].as_array().unwrap();
    for (row, contestant) in rows.iter().zip(["floor", "latchkey"]) {
        assert_eq!(row["workload"], "a");
        assert_eq!(row["contestant"], contestant);
        assert_eq!((&row["lost"], &row["misordered"]), (&0.into(), &0.into()));
        for figure in [
            "cpu_us_per_delivery",
            "p50_ms",
            "p99_ms",
            "p999_ms",
            "kib_per_connection",
        ] {
            assert!(
                row[figure].as_f64().is_some_and(|figure| figure > 0.0),
                "{contestant} has no {figure}: {row}"
            );
        }
        assert!(row["rooms_max"].is_null());
    }
    assert_eq!(rows.len(), 2);
}
