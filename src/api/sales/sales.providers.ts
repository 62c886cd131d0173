/** What answers for sales: resolvers, loaders and queries. */
import { SaleQueries } from '../../projections/sales/sale.queries.js';
import { SalesFiguresQueries } from '../../projections/sales/sales-figures.queries.js';
import { SaleChangedResolver } from './sale-changed.resolver.js';
import { SaleLoader } from './sale.loader.js';
import { SaleResolver } from './sale.resolver.js';
import { SalesFiguresResolver } from './sales-figures.resolver.js';

export const salesApiProviders = [
  SaleResolver,
  SaleChangedResolver,
  SalesFiguresResolver,
  SaleLoader,
  SaleQueries,
  SalesFiguresQueries,
];
