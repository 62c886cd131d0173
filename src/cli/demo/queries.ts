/** Queries to try on the demo. The README shows them with their answers, and a test compares those with the real ones. */

export interface TourQuery {
  /** What it asks, for people. */
  readonly question: string;
  readonly query: string;
}

export const tourQueries: readonly [TourQuery, TourQuery, TourQuery] = [
  {
    question: 'How did the last quarter sell?',
    query:
      '{ salesByMonth(filter: {from: "2025-10-01", to: "2025-12-31"}) { month figures { orders gross { amount } net { amount } } newCustomers } }',
  },
  {
    question: 'How long does work take, and is it getting faster?',
    query:
      '{ flow(from: "2025-07-01", to: "2025-12-31") { cycleTime { n p50 p85 } totals { created done reopens } throughput(bucket: MONTH) { start count } } }',
  },
  {
    question: 'When were people absent or late?',
    query:
      '{ attendanceByMonth(filter: {from: "2025-01-01", to: "2025-04-30"}) { month figures { present absent leave absenceRate late } } }',
  },
];
