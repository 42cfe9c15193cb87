//! Every input from outside, with any bytes: the corpora, and copies of them that were
//! cut, spliced and changed. Long runs are made with a fuzzer (docs/reliability.md).

use crate::bench::root;
use docmill::internal::base::random::Random;

#[path = "../../../fuzz/targets.rs"]
#[expect(clippy::expect_used, clippy::panic, reason = "a panic shows what does not hold")]
mod targets;

/// Changed copies of each file of a corpus.
const COPIES: u64 = 12;

#[test]
fn any_bytes_are_an_answer_or_an_error_and_never_a_panic() {
    for (name, target) in targets::TARGETS {
        let folder = root().join("fuzz/corpus").join(name);
        let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        let corpus: Vec<Vec<u8>> = files.iter().map(|file| std::fs::read(file).unwrap()).collect();
        assert!(corpus.len() >= 5, "{name} has a corpus");
        let random = Random::new(20_261_124);
        for whole in &corpus {
            target(whole);
            for _ in 0..COPIES {
                target(&changed(whole, &corpus, &random));
            }
        }
    }
}

/// A copy with one to four changes.
fn changed(whole: &[u8], corpus: &[Vec<u8>], random: &Random) -> Vec<u8> {
    let below = |most: usize| (random.next_u64() % most.max(1) as u64) as usize;
    let mut bytes = whole.to_vec();
    for _ in 0..=below(4) {
        let at = below(bytes.len());
        match below(6) {
            0 => bytes.truncate(at),
            1 if !bytes.is_empty() => bytes[at] ^= 1 << below(8),
            2 if !bytes.is_empty() => bytes[at] = [0, b'"', b'{', b'\n', 0x1b, 0xff, b'9', b'-'][below(8)],
            3 => bytes.insert(at, random.next_u64() as u8),
            4 => {
                let other = &corpus[below(corpus.len())];
                let from = below(other.len());
                bytes.splice(at..at, other[from..other.len().min(from + 64)].iter().copied());
            }
            _ => bytes.extend_from_slice(&whole[..below(whole.len()).min(4096)]),
        }
    }
    bytes
}
