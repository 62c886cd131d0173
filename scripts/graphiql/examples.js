/** The tabs that GraphiQL opens with. A test checks each against the schema. */
export const examples = [
  {
    query: `# Tasks, newest first, with what belongs to them.
query Tasks($first: Int = 10) {
  tasks(first: $first, orderBy: NEWEST) {
    nodes {
      id
      title
      statusName
      project { name }
      labels { name }
      assignees { name }
    }
    pageInfo { hasNextPage endCursor }
  }
}
`,
    variables: '{ "first": 10 }',
  },
  {
    query: `# Sales by month.
query SalesByMonth {
  salesByMonth {
    month
    figures {
      gross { amount currency }
      net { amount }
      orders
      averageOrderValue { amount }
    }
    newCustomers
  }
}
`,
  },
  {
    query: `# Work as it flows: how long tasks take, how many are done.
query Flow {
  flow {
    totals { created done reopens }
    leadTime { n p50 p85 }
    throughput(bucket: MONTH) { start count }
  }
}
`,
  },
  {
    query: `# Every change of tasks as it happens; \`after\` continues from a cursor.
subscription TaskChanges {
  taskChanged {
    cursor
    eventType
    task { id title statusName }
  }
}
`,
  },
];
