//! Sets of row ids: one bit for each id between the least and the greatest. Ids are given out one after the other, so
//! that few bits are of none.

/// See the module.
#[derive(Clone, Debug, Default)]
pub(super) struct IdSet {
    words: Vec<u64>,
    count: usize,
}

impl IdSet {
    /// Takes an id in; whether it was not there. Ids are positive.
    pub(super) fn insert(&mut self, id: i64) -> bool {
        let Some((word, bit)) = place(id) else { return false };
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        let is_new = self.words[word] & bit == 0;
        self.words[word] |= bit;
        self.count += usize::from(is_new);
        is_new
    }

    /// Takes an id out; whether it was there.
    pub(super) fn remove(&mut self, id: i64) -> bool {
        let Some((word, bit)) = place(id) else { return false };
        let Some(bits) = self.words.get_mut(word).filter(|bits| **bits & bit != 0) else { return false };
        *bits &= !bit;
        self.count -= 1;
        true
    }

    /// Keeps what the other has, too.
    pub(super) fn retain(&mut self, other: &Self) {
        self.words.truncate(other.words.len());
        for (word, others) in self.words.iter_mut().zip(&other.words) {
            *word &= others;
        }
        self.count = self.words.iter().map(|word| word.count_ones() as usize).sum();
    }

    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// From the least to the greatest.
    pub(super) fn iter(&self) -> impl Iterator<Item = i64> + '_ {
        (0_i64..).step_by(64).zip(&self.words).flat_map(|(first, word)| {
            let mut bits = *word;
            std::iter::from_fn(move || {
                let bit = (bits != 0).then(|| bits.trailing_zeros())?;
                bits &= bits - 1;
                Some(first + i64::from(bit))
            })
        })
    }
}

impl FromIterator<i64> for IdSet {
    fn from_iter<T: IntoIterator<Item = i64>>(ids: T) -> Self {
        let mut set = Self::default();
        for id in ids {
            set.insert(id);
        }
        set
    }
}

fn place(id: i64) -> Option<(usize, u64)> {
    Some((usize::try_from(id / 64).ok()?, 1 << u32::try_from(id % 64).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_come_and_go() {
        let mut set: IdSet = [700, 1, 64, 63, 64].into_iter().collect();
        assert_eq!((set.len(), set.iter().collect::<Vec<_>>()), (4, vec![1, 63, 64, 700]));
        assert!(set.remove(64) && !set.remove(64) && !set.remove(9999) && !set.insert(1) && !set.remove(-1));
        set.retain(&[63, 64, 2].into_iter().collect());
        assert_eq!((set.len(), set.iter().collect::<Vec<_>>()), (1, vec![63]));
    }
}
