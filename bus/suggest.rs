//! The nearest known name to one that is not known.

use crate::name::MAX_NAME_BYTES;

/// How alike two names must be, from 0 to 1, to be taken for one another.
const ALIKE: f64 = 0.6;

/// The known names that resemble `name`, the most alike first, at most three. Letter case does not count.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    // The work grows with the length, and nothing longer than a name is close to one.
    if name.len() > MAX_NAME_BYTES {
        return Vec::new();
    }
    let wanted = name.to_lowercase();
    let scored = known.map(|one| (strsim::normalized_damerau_levenshtein(&wanted, &one.to_lowercase()), one));
    let mut alike: Vec<_> = scored.filter(|(score, _)| *score >= ALIKE).collect();
    alike.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    alike.into_iter().take(3).map(|(_, one)| one).collect()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn typos_and_case_find_the_name() {
        let known = ["LensSDK", "Flagship", "AuthCore"];
        assert_eq!(nearest("lenssdk", known.into_iter()), ["LensSDK"]);
        assert_eq!(nearest("Flagshp", known.into_iter()), ["Flagship"]);
        assert!(nearest("zzz", known.into_iter()).is_empty());
        assert!(nearest(&"Flagship".repeat(100), known.into_iter()).is_empty());
    }
}
