/** Documents by id, one statement per request. */
import { Injectable } from '@nestjs/common';
import { SaleQueries, type SaleRecord } from '../../projections/sales/sale.queries.js';
import { BatchLoader, byKey } from '../shared/loader.js';

@Injectable()
export class SaleLoader extends BatchLoader<SaleRecord> {
  protected override readonly category = 'sale';

  constructor(private readonly sales: SaleQueries) {
    super();
  }

  protected override async batch(
    workspaceId: string,
    ids: readonly string[],
  ): Promise<ReadonlyMap<string, SaleRecord>> {
    return byKey(await this.sales.byIds(workspaceId, ids), ({ id }) => id);
  }
}
