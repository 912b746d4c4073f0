//! What can be said in Bitcoin's handshake, and how it is written on the command line.

use bitcoin::{Feature, Magic};
use clap::{ArgAction, Args, ValueEnum};

use super::values::{self, ServicesArg};

/// How we introduce ourselves to the nodes of Bitcoin and its descendants.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Bitcoin")]
pub struct BitcoinOptions {
    /// Another network's magic, 8 hex digits; the rest is as on --chain
    #[arg(long, value_name = "HEX", conflicts_with = "signet_challenge")]
    pub magic: Option<Magic>,
    /// A signet of its own: its challenge script in hex
    #[arg(long, value_name = "HEX", value_parser = values::signet)]
    pub signet_challenge: Option<Magic>,
    /// What carries the handshake: see below what auto does
    #[arg(long, value_enum, default_value_t, value_name = "TRANSPORT")]
    pub transport: TransportChoice,
    /// Bytes of garbage behind our v2 key [default: random; up to 150 with auto where v2 is not known to be spoken, else up to 4094]
    #[arg(long, value_name = "N", value_parser = values::garbage)]
    pub garbage: Option<usize>,
    /// Send a decoy of so many bytes before our v2 version packet; may be given several times
    #[arg(long, value_name = "BYTES", value_parser = values::decoy, action = ArgAction::Append)]
    pub decoy: Vec<usize>,
    /// Protocol version that we announce [default: the network's current]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = values::whole::<i32>)]
    pub protocol_version: Option<i32>,
    /// Services that we offer: decimal, 0x… or names such as NETWORK,WITNESS
    #[arg(short, long, value_name = "SERVICES", default_value = "0")]
    pub services: ServicesArg,
    /// Ask the peer to announce transactions to us
    #[arg(long)]
    pub relay: bool,
    /// Refuse peers of a lower protocol version [default: the network's rule]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = values::whole::<i32>)]
    pub min_version: Option<i32>,
    /// Refuse peers that lack these services
    #[arg(long, value_name = "SERVICES", default_value = "0")]
    pub require_services: ServicesArg,
    /// Extensions that we announce, if the network knows them
    #[arg(long, value_name = "LIST", value_enum, value_delimiter = ',', default_values = ["wtxidrelay", "sendaddrv2"])]
    pub announce: Vec<Extension>,
    /// Announce an optional feature (BIP434): its name, and data in hex; may be given several times
    #[arg(long, value_name = "NAME[=HEX]", value_parser = values::feature, action = ArgAction::Append)]
    pub feature: Vec<Feature>,
    /// The nonce in our version, in hex [default: random for each connection]
    #[arg(long, value_name = "HEX", value_parser = values::nonce)]
    pub nonce: Option<u64>,
    /// Our clock in seconds since 1970 [default: the system's]
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true, value_parser = values::whole::<i64>)]
    pub time: Option<i64>,
}

/// What carries the handshake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum TransportChoice {
    /// Dialling: v2 where the network speaks it, then v1 on a second connection if the peer shows that it speaks only that.
    /// Accepting: whichever the peer speaks
    #[default]
    Auto,
    /// Encrypted (BIP324)
    V2,
    /// Plain text
    V1,
    /// Dialling: each on a connection of its own, each reported. Accepting: like auto
    Both,
}

/// Extensions that are announced by a message of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Extension {
    /// Nothing
    None,
    /// BIP339
    Wtxidrelay,
    /// BIP155
    Sendaddrv2,
    /// BIP130
    Sendheaders,
    /// BIP152, version 2
    Sendcmpct,
    /// BIP133, with a rate of 0
    Feefilter,
}
