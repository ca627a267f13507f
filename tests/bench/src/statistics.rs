//! Medians and ratios over rounds.

/// The middle value, or the mean of the two in the middle. `NaN` for none.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

/// The median of the rounds' own ratios: what disturbs a whole round disturbs both sides of it. A round whose base is
/// zero says nothing.
pub(crate) fn ratio(values: &[f64], bases: &[f64]) -> f64 {
    let rounds = values.iter().zip(bases);
    median(
        rounds
            .filter(|(_, base)| **base != 0.0)
            .map(|(value, base)| value / base),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_ignore_outliers() {
        assert!((median([3.0, 1.0, 1000.0]) - 3.0).abs() < 1e-9);
        assert!((median([4.0, 1.0, 3.0, 2.0]) - 2.5).abs() < 1e-9);
        assert!(median([]).is_nan());
    }

    #[test]
    fn ratios_are_taken_within_rounds() {
        // The second round was twice as slow for everybody.
        let found = ratio(&[200.0, 100.0, 210.0], &[100.0, 50.0, 100.0]);
        assert!((found - 2.0).abs() < 1e-9, "{found}");
        assert!((ratio(&[1.0, 5.0], &[0.0, 10.0]) - 0.5).abs() < 1e-9);
        assert!(ratio(&[1.0], &[0.0]).is_nan());
    }
}
