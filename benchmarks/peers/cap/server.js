// CAP makes no indexes of its own; these are the ones that somebody would add by hand for what is measured.
const cds = require('@sap/cds')
cds.on('served', async () => {
  if (process.env.BENCH_INDEXES !== 'yes') return
  await cds.db.run('CREATE INDEX IF NOT EXISTS by_change ON bench_WorkItems (ChangedAt, WorkItemId)')
  await cds.db.run('CREATE INDEX IF NOT EXISTS by_state ON bench_WorkItems (StatusCategory, Points, CreatedAt)')
})
module.exports = cds.server
