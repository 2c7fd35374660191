//! A small seeded generator: the same seed makes the same sample on every machine, whatever versions of crates.

/// SplitMix64 (Steele, Lea and Flood 2014).
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// `0..n`; 0 for 0.
    pub(super) fn below(&mut self, n: usize) -> usize {
        let n = n.max(1) as u64;
        usize::try_from(self.next() % n).unwrap_or(0)
    }

    /// `0.0..1.0`
    pub(super) fn unit(&mut self) -> f64 {
        let bits = u32::try_from(self.next() >> 32).unwrap_or(0);
        f64::from(bits) / (f64::from(u32::MAX) + 1.0)
    }

    /// Whether something of this probability happens.
    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// One of them.
    pub(super) fn pick<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }

    /// `n` different ones of them, in their order.
    pub(super) fn some<'a, T: ?Sized>(&mut self, of: &[&'a T], n: usize) -> Vec<&'a T> {
        let mut left = n.min(of.len());
        let mut chosen = Vec::with_capacity(left);
        for (index, one) in of.iter().enumerate() {
            if self.below(of.len() - index) < left {
                chosen.push(*one);
                left -= 1;
            }
        }
        chosen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_one_sequence() {
        let draw = |seed| {
            let mut random = Random::seeded(seed);
            (0..5).map(|_| random.below(1000)).collect::<Vec<_>>()
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }

    #[test]
    fn some_are_different_and_as_many_as_asked_for() {
        let mut random = Random::seeded(1);
        for n in 0..5 {
            let chosen = random.some(&["a", "b", "c", "d"], n);
            assert_eq!(chosen.len(), n);
            assert!(chosen.windows(2).all(|two| two[0] < two[1]));
        }
    }
}
