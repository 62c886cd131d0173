/**
 * Imported first by whatever runs from the build. Without it graphql-js checks in every `instanceof` whether it was loaded
 * twice, which is a tenth of the time of a list; whoever sets NODE_ENV keeps it.
 */
process.env['NODE_ENV'] ??= 'production';
