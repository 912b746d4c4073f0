//! Performs a handshake with every node behind each argument (over v2, then v1 if needed) and prints the verdicts.

use verack_probe::Config;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let probe = Config::on("bitcoin")?.probe()?;
    for target in std::env::args().skip(1) {
        for attempt in probe.target(&target).await? {
            println!("{target}: {}", attempt.verdict);
        }
    }
    Ok(())
}
