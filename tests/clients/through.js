// Every read is handed on to the remote service, with CAP's own names translated into its.
const cds = require('@sap/cds')

module.exports = class Through extends cds.ApplicationService {
  async init () {
    const muster = await cds.connect.to('muster')
    this.on('READ', '*', request => muster.run(request.query))
    return super.init()
  }
}
