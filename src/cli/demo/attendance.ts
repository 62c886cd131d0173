/** A year of presence: who came when, who was late, ill, on leave, or forgot to check out. */
import { CheckIn } from '../../commands/attendance/check-in.command.js';
import { CheckOut } from '../../commands/attendance/check-out.command.js';
import { CorrectDay } from '../../commands/attendance/correct-day.command.js';
import { RecordAbsence } from '../../commands/attendance/record-absence.command.js';
import { RecordLeave } from '../../commands/attendance/record-leave.command.js';
import { addDays, fromLocal, type LocalDate } from '../../domain/shared/time.js';
import { DAYS, isWorkingDay, OWNER, PEOPLE, TIME_ZONE, type Person } from './company.js';
import { randomOf, type Random } from './random.js';
import type { Step, Story } from './story.js';

/** Leave as it is told: the kind by day. */
type Leave = ReadonlyMap<LocalDate, 'vacation' | 'sick' | 'parental'>;

export const attendanceStories: readonly Story[] = PEOPLE.flatMap(storiesOf);

function storiesOf(person: Person): Story[] {
  const random = randomOf(`attendance/${person.number}`);
  const leave = planLeave(person, random);
  const days = DAYS.filter((day) => isWorkingDay(day) && day >= person.startedOn);
  return days.map((day): Story => {
    const kind = leave.get(day);
    const steps = kind ? [onLeave(person, day, kind)] : atWork(person, day, random);
    return { key: `day/${person.number}/${day}`, steps };
  });
}

/** Two or three vacations, some days of illness, and one parental leave in the company. */
function planLeave(person: Person, random: Random): Leave {
  const leave = new Map<LocalDate, 'vacation' | 'sick' | 'parental'>();
  const add = (from: LocalDate, days: number, kind: 'vacation' | 'sick' | 'parental'): void => {
    for (let day = 0; day < days; day++) leave.set(addDays(from, day), kind);
  };
  add(addDays('2025-07-07', 7 * random.int(0, 6)), 7 * random.int(1, 2) + 5, 'vacation');
  add(random.chance(0.7) ? '2025-12-22' : '2025-12-29', random.int(5, 10), 'vacation');
  if (random.chance(0.6)) add(addDays('2025-02-10', 7 * random.int(0, 11)), 5, 'vacation');
  // A wave of colds in late winter, and now and then one in the rest of the year.
  if (random.chance(0.5)) add(addDays('2025-02-03', random.int(0, 35)), random.int(2, 6), 'sick');
  if (random.chance(0.5)) add(addDays('2025-03-20', random.int(0, 250)), random.int(1, 4), 'sick');
  if (person.number === 'E006') add('2025-05-12', 33, 'parental');
  return leave;
}

function onLeave(person: Person, day: LocalDate, kind: 'vacation' | 'sick' | 'parental'): Step {
  const { employeeId } = person;
  return {
    at: fromLocal(day, '08:00', TIME_ZONE),
    by: OWNER,
    make: (context) => new RecordLeave({ employeeId, from: day, kind }, context),
  };
}

function atWork(person: Person, day: LocalDate, random: Random): Step[] {
  const { employeeId } = person;
  if (random.chance(0.006)) {
    const reason = random.pick(['no notice', 'train strike', 'doctor', 'family']);
    const at = fromLocal(day, '10:30', TIME_ZONE);
    return [{ at, by: OWNER, make: (context) => new RecordAbsence({ employeeId, day, reason }, context) }];
  }
  // The workshop starts early; one in sixteen is late, in the winter twice as many.
  const usual = person.department === 'Workshop' || person.department === 'Warehouse' ? 7 * 60 + 30 : 8 * 60 + 40;
  const winter = day < '2025-03-01' || day > '2025-11-30';
  const late = random.chance(winter ? 0.12 : 0.06) ? 9 * 60 + 16 + random.int(0, 50) - usual : random.int(0, 30);
  const start = usual + late;
  const from = atMinute(day, start, random);
  const to = atMinute(day, start + 8 * 60 + random.int(0, 75), random);
  const come: Step = { at: from, by: OWNER, make: (context) => new CheckIn({ employeeId, at: from }, context) };
  if (!random.chance(0.006)) {
    return [come, { at: to, by: OWNER, make: (context) => new CheckOut({ employeeId, at: to }, context) }];
  }
  const forgotten: Step = {
    at: fromLocal(addDays(day, 1), '09:30', TIME_ZONE),
    by: OWNER,
    make: (context) =>
      new CorrectDay(
        {
          employeeId,
          day,
          to: { status: 'present', checkInAt: from, checkOutAt: to },
          reason: 'forgot to check out',
        },
        context,
      ),
  };
  return [come, forgotten];
}

function atMinute(day: LocalDate, minutes: number, random: Random): string {
  return fromLocal(day, `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}:${two(random.int(0, 59))}`, TIME_ZONE);
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
