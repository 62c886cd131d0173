import { describe, expect, it } from 'vitest';
import { eventCatalogue } from '../../domain/event-catalogue.js';
import { eventCategories, typesOfCategory } from './event-categories.js';

describe('the kinds of things', () => {
  it('have every type of event between them, each type one kind', () => {
    const types = eventCategories.flatMap((category) => typesOfCategory(category));
    expect(types.toSorted()).toEqual(eventCatalogue.map(({ type }) => type).toSorted());
    expect(typesOfCategory('nothing')).toEqual([]);
  });
});
