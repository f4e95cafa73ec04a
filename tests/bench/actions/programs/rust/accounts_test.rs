#[path = "accounts.rs"]
mod accounts;
use accounts::{Bank, BankError};

fn bank() -> Bank {
    let mut bank = Bank::default();
    bank.open("ada");
    bank.open("bob");
    bank.deposit("ada", 500).unwrap();
    bank
}

#[test]
fn deposit_and_withdraw() {
    let mut bank = bank();
    assert_eq!(bank.withdraw("ada", 120), Ok(380));
    assert_eq!(bank.deposit("bob", 5), Ok(5));
    assert_eq!(bank.balance("ada"), Ok(380));
}

#[test]
fn too_little() {
    assert_eq!(bank().withdraw("ada", 750), Err(BankError::TooLittle { missing: 250 }));
}

#[test]
fn everything_can_be_withdrawn() {
    assert_eq!(bank().withdraw("ada", 500), Ok(0));
}

#[test]
fn transfer() {
    let mut bank = bank();
    assert_eq!(bank.transfer("ada", "bob", 200), Ok(()));
    assert_eq!((bank.balance("ada"), bank.balance("bob")), (Ok(300), Ok(200)));
    assert_eq!(bank.statement("ada"), [500, -200]);
    assert_eq!(bank.statement("bob"), [200]);
}

#[test]
fn a_failed_transfer_changes_nothing() {
    let mut bank = bank();
    assert_eq!(bank.transfer("ada", "eve", 200), Err(BankError::UnknownAccount("eve".into())));
    assert_eq!(bank.transfer("ada", "ada", 200), Err(BankError::SameAccount));
    assert_eq!(bank.balance("ada"), Ok(500));
}

#[test]
fn richest() {
    assert_eq!(bank().richest(), Some("ada"));
    let mut even = Bank::default();
    even.open("zoe");
    even.open("max");
    assert_eq!(even.richest(), Some("max"));
    assert_eq!(Bank::default().richest(), None);
}
