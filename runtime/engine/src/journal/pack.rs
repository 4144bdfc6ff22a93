//! Revisions as compressed JSON, since an object of a swarm holds less than a megabyte.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use skep_schema::revision::Revision;

/// Bytes of JSON a revision may come to: more is no revision of ours.
const LARGEST: u64 = 256 << 20;

pub(super) fn pack(revision: &Revision) -> Vec<u8> {
    let json = serde_json::to_vec(revision).expect("plain data");
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&json).expect("memory takes all");
    encoder.finish().expect("memory takes all")
}

pub(super) fn unpack(bytes: &[u8]) -> Option<Revision> {
    let mut json = Vec::new();
    ZlibDecoder::new(bytes)
        .take(LARGEST)
        .read_to_end(&mut json)
        .ok()?;
    serde_json::from_slice(&json).ok()
}
